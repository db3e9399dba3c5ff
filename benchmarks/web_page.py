"""What a page full of photographs costs its visitors, in three formats of equal closeness.

    python -m benchmarks.web_page PHOTOGRAPHS.. [--quality 75]

Makes compact JPEGs as `compress -q N` writes them, the smallest optimized JPEGs and AVIFs (Pillow,
speed 6) that are as close by SSIMULACRA2 as the expanded photographs, and a page with each; loads
each in headless Chromium from the loopback address, and prints the bytes of the pictures, when they
were there, and when all were sharp. On their first visit, compact JPEGs bring code, runtime and
model along, whose bytes are printed first; a second visit takes all of that from the cache.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.web import build, opened, print_bytes, served
from jaxshrink import Model
from jaxshrink.codecs import CODECS, SMALLEST_JPEG
from jaxshrink.data import list_images
from jaxshrink.inference.tiled_metrics import Reference

_STATE = """
const images = [...document.images];
const entries = performance.getEntriesByType('resource')
  .filter((entry) => entry.initiatorType === 'img');
return {
  loaded: images.every((image) => image.complete && image.naturalWidth),
  sharp: images.every((image) => image.dataset.jaxshrink === 'expanded'),
  bytes: entries.reduce((sum, entry) => sum + entry.transferSize, 0),
  seconds: performance.now() / 1000,
};
"""
# Goes on to the next picture, as somebody does who reads to the end.
_SCROLL = """
[...document.images].find((image) => image.dataset.jaxshrink === '')?.scrollIntoView();
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("photographs", nargs="+")
    parser.add_argument("--quality", type=int, default=75)
    options = parser.parse_args()
    paths = [path for location in options.photographs for path in list_images(location)]
    with tempfile.TemporaryDirectory() as name:
        site = Path(name)
        build(site)
        print_bytes(site / "dist")
        sizes = _write(site, paths, options.quality)
        with served(site) as url:
            for kind in sizes:
                print(f"{kind}: {len(paths)} files, {sum(sizes[kind])} bytes")
                _visit(url, kind)


def _write(site: Path, paths: Sequence[Path], quality: int) -> dict[str, list[int]]:
    """Files and pages; the files' bytes by format."""
    model = Model.load()
    sizes: dict[str, list[int]] = {"compact": [], "jpeg": [], "avif": []}
    pages: dict[str, list[str]] = {kind: [] for kind in sizes}
    for index, path in enumerate(paths):
        with Image.open(path) as image:
            x = np.asarray(image.convert("RGB"))
        for kind, file in _files(model, x, quality).items():
            (site / f"{index}.{kind}").write_bytes(file)
            sizes[kind].append(len(file))
            mark = "data-jaxshrink" if kind == "compact" else ""
            size = f'width="{x.shape[1]}" height="{x.shape[0]}"'
            pages[kind].append(f'<p><img {mark} src="{index}.{kind}" {size} alt=""></p>')
    for kind, body in pages.items():
        script = '<script type="module" src="dist/jaxshrink-img.js"></script>'
        text = "".join(body) + (script if kind == "compact" else "")
        (site / f"{kind}.html").write_text(f"<!doctype html><link rel=icon href=data:,>{text}")
    return sizes


def _files(model: Model, x: np.ndarray, quality: int) -> Mapping[str, bytes]:
    reference = Reference(x)
    compact = model.compress(x, quality=quality)
    least = reference.ssimulacra2(model.expand(compact.data))
    avif = CODECS["avif"]
    return {
        "compact": compact.data,
        "jpeg": _smallest(SMALLEST_JPEG.encode, SMALLEST_JPEG.decode, x, reference, least),
        "avif": _smallest(avif.encode, avif.decode, x, reference, least),
    }


def _smallest(
    encode: Callable[[np.ndarray, float], bytes],
    decode: Callable[[bytes, int], np.ndarray],
    x: np.ndarray,
    reference: Reference,
    least: float,
) -> bytes:
    """The file of the lowest quality that is so close; closeness grows with quality."""
    low, high = 1, 100
    while low < high:
        middle = (low + high) // 2
        is_close = reference.ssimulacra2(decode(encode(x, middle), 3)) >= least
        low, high = (low, middle) if is_close else (middle + 1, high)
    return encode(x, low)


def _visit(url: str, kind: str) -> None:
    with opened(url) as (browser, _):
        for visit in ("first", "second") if kind == "compact" else ("first",):
            browser.get(f"{url}{kind}.html")
            there = _wait(browser, "loaded")
            told = f"all there after {there['seconds']:.1f} s"
            if kind == "compact":
                sharp = _wait(browser, "sharp")
                told += f", all sharp after {sharp['seconds']:.1f} s"
                there = sharp
            print(f"  {visit} visit: {there['bytes']} bytes of pictures, {told}")


def _wait(browser: Any, what: str) -> dict[str, Any]:
    while not (state := browser.execute_script(_STATE))[what]:
        browser.execute_script(_SCROLL)
        time.sleep(0.05)
    return dict(state)


if __name__ == "__main__":
    main()
