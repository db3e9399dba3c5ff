"""What a page that uses `expand` meets: errors, cancelling, several files, other folders."""

import json
import shutil

import numpy as np
import pytest

from jaxshrink.codecs import encode_jpeg
from jaxshrink.files import markers
from tests.files.test_markers import MARKED, PICTURES
from tests.web.conftest import Page, PageError, encoded

PIXELS = np.add.outer(np.arange(90), np.arange(110)).astype(np.uint8)[:, :, None].repeat(3, 2)


@pytest.fixture(scope="module")
def file(maker) -> bytes:
    return maker.compact(PIXELS, 2, 50)


def error_of(page: Page, file: bytes, **options) -> str:
    with pytest.raises(PageError) as caught:
        page.expand(file, **options)
    return str(caught.value)


def with_frame(jpeg: bytes, size: tuple[int, int]) -> bytes:
    """A JPEG that says another size of itself."""
    at = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2")) + 5
    return jpeg[:at] + b"".join(side.to_bytes(2, "big") for side in size) + jpeg[at + 4 :]


def test_every_error_has_its_class_and_a_line(page, maker, file):
    plain = PICTURES["JPEG"]
    other = markers.attach(plain, markers.Marker((481, 322), 2, "other", b"\0" * 4))
    same_name = markers.attach(plain, markers.Marker((481, 322), 2, maker.name, b"\0" * 4))
    two = markers.attach(file, maker.marker((90, 110), 2))
    assert error_of(page, plain) == "NoMarkerError: an ordinary picture: it has no marker"
    assert error_of(page, b"") == "NoMarkerError: an ordinary picture: it has no marker"
    assert error_of(page, two) == "DamagedFileError: more than one marker"
    assert error_of(page, file[: len(file) // 2]).startswith("DamagedFileError: broken")
    assert error_of(page, file[:-40]).startswith("DamagedFileError: broken")
    assert error_of(page, other) == "UnknownModelError: no model named other here"
    told = error_of(page, same_name)
    assert told.startswith(f"UnknownModelError: made by the model {maker.name} (00000000), and")
    assert told.endswith(f"this is {maker.name} ({maker.digest.hex()})")
    assert error_of(page, MARKED["WEBP"]).startswith("UnsupportedFormatError: a compact WebP")
    assert error_of(page, MARKED["AVIF"]).startswith("UnsupportedFormatError: a compact AVIF")
    assert error_of(page, file, maxPixels=9899) == (
        "TooLargeError: 110x90 is more than the limit of 9899 pixels"
    )


def test_a_size_that_would_not_fit_into_memory_is_refused_before_it_is_decoded(page, maker):
    jpeg = with_frame(encode_jpeg(PIXELS, np.full((2, 8, 8), 30)), (65000, 65000))
    told = error_of(page, markers.attach(jpeg, maker.marker((130000, 130000), 2)))
    assert told.startswith("TooLargeError: 130000x130000")


def test_a_file_that_lacks_nothing_but_its_end_is_expanded(page, file):
    assert page.expand(file[:-2]).file == page.expand(file).file


def test_what_is_as_large_as_the_photograph_comes_back(page, maker):
    jpeg = encode_jpeg(PIXELS, np.full((2, 8, 8), 30))
    marked = markers.attach(jpeg, maker.marker((90, 110), 2))
    expanded = page.expand(marked)
    assert (expanded.file, expanded.shares) == (marked, [])


def test_markers_are_read_without_a_worker(page, file, maker):
    read = "return (await import('/dist/jaxshrink.js')).readMarker(new Blob([bytes(given.file)]))"
    assert page.call(read, file=encoded(file)) == {
        **{"width": 110, "height": 90, "scale": 2, "quality": 0},
        **{"model": maker.name, "hash": maker.digest.hex()},
    }
    assert page.call(read, file=encoded(PICTURES["JPEG"])) is None


def test_three_at_once_come_each_with_its_own(page, maker):
    files = [maker.compact(PIXELS[:side, :side], 2, 50) for side in (60, 70, 80)]
    sides = page.call(
        """
        const { expand } = await import('/dist/jaxshrink.js');
        const blobs = given.files.map((file) => new Blob([bytes(file)]));
        const expanded = await Promise.all(blobs.map((blob) => expand(blob)));
        const bitmaps = await Promise.all(expanded.map((blob) => createImageBitmap(blob)));
        return bitmaps.map(({ width, height }) => [width, height]);
        """,
        files=[encoded(file) for file in files],
    )
    assert sides == [[60, 60], [70, 70], [80, 80]]


def test_cancelling_rejects_at_once_and_leaves_the_others(page, maker):
    large = maker.compact(np.tile(PIXELS, (10, 10, 1)), 2, 50)
    answer = page.call(
        """
        const { expand } = await import('/dist/jaxshrink.js');
        const shares = [];
        const controller = new AbortController();
        const { signal } = controller;
        const onProgress = (share) => {
          shares.push(share);
          controller.abort(new Error('enough'));
        };
        const first = expand(new Blob([bytes(given.large)]), { signal, onProgress });
        const second = expand(new Blob([bytes(given.large)]), { signal });
        const third = expand(new Blob([bytes(given.small)]));
        const messages = await Promise.allSettled([first, second]);
        const late = await expand(new Blob(), { signal }).catch((error) => error.message);
        const { type } = await third;
        return { reasons: messages.map(({ reason }) => reason.message), late, type, shares };
        """,
        large=encoded(large),
        small=encoded(maker.compact(PIXELS, 2, 50)),
    )
    assert answer["reasons"] == ["enough", "enough"]
    assert (answer["late"], answer["type"]) == ("enough", "image/png")
    assert len(answer["shares"]) == 1 and answer["shares"][0] < 1


def test_after_close_it_starts_again(page, file):
    told = page.call(
        """
        const { expand, close } = await import('/dist/jaxshrink.js');
        const waiting = expand(new Blob([bytes(given.file)])).catch((error) => error.name);
        close();
        const { type } = await expand(new Blob([bytes(given.file)]));
        return [await waiting, type];
        """,
        file=encoded(file),
    )
    assert told == ["RuntimeFailure", "image/png"]


def test_only_what_a_file_names_is_loaded(page, site_url, file):
    page.browser.get(site_url)
    page.browser.get_log("performance")
    page.expand(file)
    lines = [json.loads(line["message"])["message"] for line in page.browser.get_log("performance")]
    urls = {
        line["params"]["request"]["url"]
        for line in lines
        if line["method"] == "Network.requestWillBeSent"
    }
    loaded = {url.removeprefix(site_url) for url in urls if not url.startswith("data:")}
    assert all(not url.startswith("http") for url in loaded)
    assert {url for url in loaded if url.endswith(".onnx")} <= {"dist/models/photo3-half.onnx"}


def test_models_can_lie_elsewhere_and_are_checked(page, site, maker, file):
    description = f"{maker.name}.json"
    for folder in ("good", "forged", "other"):
        shutil.copytree(site / "dist" / "models", site / folder, dirs_exist_ok=True)
    network = site / "forged" / f"{maker.name}-half.onnx"
    data = bytearray(network.read_bytes())
    data[len(data) // 2] ^= 1
    network.write_bytes(data)
    (site / "other" / description).write_text('{"format": 2}')
    assert page.expand(file, models="/good/").type == "image/png"
    assert page.expand(file, models="good").type == "image/png"
    assert error_of(page, file, models="/forged/") == (
        f"UnknownModelError: {network.name} is not what its description says"
    )
    assert "does not describe the model" in error_of(page, file, models="/other/")
    assert error_of(page, file, models="http://127.0.0.1:1/").startswith("RuntimeFailure: ")


def test_it_runs_under_a_strict_policy(browser, site, serve, file):
    policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
    browser.get(serve(site, {"Content-Security-Policy": policy}))
    assert Page(browser).expand(file).type == "image/png"


def test_isolated_pages_compute_in_threads(browser, site, serve, page, file):
    expected = page.expand(file).file
    headers = {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
    }
    browser.get(serve(site, headers))
    assert Page(browser).call("return crossOriginIsolated")
    assert Page(browser).expand(file).file == expected


def test_without_its_files_it_says_so(page, site_url, file):
    page.browser.get(site_url)
    told = page.call(
        """
        const { configure, expand } = await import('/dist/jaxshrink.js?elsewhere');
        configure({ base: '/nowhere' });
        return expand(new Blob([bytes(given.file)])).catch(String);
        """,
        file=encoded(file),
    )
    assert told.startswith("RuntimeFailure: the worker failed")
