"""Files that are kept or passed through, and names that decide formats."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from jaxshrink.cli.main import main
from jaxshrink.files import markers
from jaxshrink.models.weights import save_weights
from tests.untrained import untrained_weights


@pytest.fixture(scope="module")
def resampling(tmp_path_factory):
    """A model that resamples and does nothing else."""
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    path.write_bytes(save_weights(untrained_weights(noise=0.0)))
    return path


@pytest.fixture
def cli(resampling):
    """Runs a command with that model, and returns its exit code."""

    def run(command, *arguments, model=True):
        told = ["--model", str(resampling)] if model else []
        return main([command, *map(str, arguments), *told])

    return run


@pytest.fixture
def pictures(tmp_path, photograph):
    """A folder with small files of many kinds, each hard to make smaller."""
    folder = tmp_path / "in"
    folder.mkdir()
    x = Image.fromarray(photograph[60:159, 100:230])
    x.save(folder / "coarse.jpg", quality=30, optimize=True)
    x.save(folder / "named.JPEG", quality=10)
    x.convert("1").save(folder / "bits.png", optimize=True)
    x.quantize(4).save(folder / "four.gif")
    Image.new("RGB", (130, 99), "red").save(folder / "flat.png", optimize=True)
    x.save(folder / "rough.webp", quality=1)
    x.save(folder / "fine.png")
    return folder


def format_of(path):
    with Image.open(path) as image:
        image.load()
        return image.format


def size_of(path):
    with Image.open(path) as image:
        return image.size


def records(capsys):
    lines = capsys.readouterr().out.splitlines()
    found = [json.loads(line) for line in lines]
    return {record["input"].rpartition("/")[2]: record for record in found if "input" in record}


def test_nothing_grows_and_suffixes_fit(cli, pictures, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli("compress", pictures, "-d", out, "-e", 1, "--json") == 0
    told = records(capsys)
    assert len(told) == 7
    formats = {".jpg": "JPEG", ".JPEG": "JPEG", ".png": "PNG", ".gif": "GIF", ".webp": "WEBP"}
    for name, record in told.items():
        source, target = pictures / name, tmp_path / record["output"]
        assert target.stat().st_size <= source.stat().st_size
        assert format_of(target) == formats[target.suffix]
        if record["status"] == "kept":
            assert target.read_bytes() == source.read_bytes()
            assert "kept as it is" in record["notes"][0]
    assert told["fine.png"]["status"] == "stored"
    for name in ("coarse.jpg", "named.JPEG", "bits.png", "flat.png"):
        assert told[name]["status"] == "kept"


def test_a_coarse_jpeg_is_told_to_be_one(cli, pictures, tmp_path, capsys):
    out = tmp_path / "out.jpg"
    assert cli("compress", pictures / "coarse.jpg", "-o", out) == 0
    assert "is a JPEG of about quality 30 already, coarser than quality 75: kept as it is" in (
        capsys.readouterr().out
    )
    assert out.read_bytes() == (pictures / "coarse.jpg").read_bytes()
    assert cli("compress", pictures / "coarse.jpg", "-o", out, "-q", 15) == 0
    assert out.stat().st_size < (pictures / "coarse.jpg").stat().st_size


def test_what_is_small_enough_is_kept(cli, pictures, tmp_path, capsys):
    source, out = pictures / "coarse.jpg", tmp_path / "out"
    size = source.stat().st_size
    assert cli("compress", source, "-d", out, "--target-size", size) == 0
    assert (out / "coarse.jpg").read_bytes() == source.read_bytes()
    assert cli("compress", source, "-d", out, "--target-size", size - 1) == 0
    assert (out / "coarse.jpg").stat().st_size < size
    # No JPEG is so small, but the PNG is.
    tiny = pictures / "flat.png"
    ceiling = tiny.stat().st_size
    assert cli("compress", tiny, "-d", out, "--target-size", ceiling) == 0
    assert (out / "flat.png").read_bytes() == tiny.read_bytes()
    assert cli("compress", tiny, "-d", out, "--target-size", ceiling - 1) == 9


@pytest.mark.parametrize("options", [("-o", "{}/out.jpg"), ("-d", "{}", "--codec", "jpeg")])
def test_a_named_format_wins_and_growth_is_told(options, cli, pictures, tmp_path, capsys):
    options = [option.format(tmp_path) for option in options]
    assert cli("compress", pictures / "bits.png", *options) == 0
    assert "larger than the input" in capsys.readouterr().out
    (out,) = tmp_path.glob("*.jpg")
    assert format_of(out) == "JPEG"


def test_strip_applies_to_a_kept_file(cli, pictures, tmp_path, capsys):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "A camera", 6
    source, out = pictures / "coarse.jpg", tmp_path / "out.jpg"
    with Image.open(source) as image:
        image.save(source, "JPEG", quality="keep", exif=exif, xmp=b"<x>somewhere</x>")
    with Image.open(source) as image:
        pixels = np.asarray(image)
    assert cli("compress", source, "-o", out, "--strip") == 0
    assert "coarser than quality 75: kept with less metadata" in capsys.readouterr().out
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
        assert dict(image.getexif()) == {0x0112: 6}
    assert b"somewhere" not in out.read_bytes()


def test_what_strip_takes_out_of_a_kept_file_beside_metadata_is_told(
    cli, pictures, tmp_path, capsys
):
    source, out = pictures / "coarse.jpg", tmp_path / "out.jpg"
    picture = source.read_bytes()
    source.write_bytes(picture + b"somewhere" * 100)
    assert cli("compress", source, "-o", out, "--strip") == 0
    told = capsys.readouterr().out
    assert "coarser than quality 75: kept with less metadata" in told
    assert "900 bytes behind the picture left out" in told
    assert out.stat().st_size <= len(picture)


def test_resize_comes_first(cli, pictures, tmp_path, capsys):
    out = tmp_path / "out.jpg"
    source = pictures / "fine.png"
    assert cli("compress", source, "-o", out, "--resize", "50%", "--scale", "plain") == 0
    assert size_of(out) == (65, 50)
    assert "resized from 130x99 to 65x50" in capsys.readouterr().out
    assert cli("compress", pictures / "coarse.jpg", "-o", out, "--resize", "100x90") == 0
    assert out.stat().st_size <= (pictures / "coarse.jpg").stat().st_size
    assert "coarser than quality 75, and gets no finer" in capsys.readouterr().out
    # Small enough already: kept, not resized.
    assert cli("compress", pictures / "coarse.jpg", "-o", out, "--resize", "4000x4000") == 0
    assert out.read_bytes() == (pictures / "coarse.jpg").read_bytes()
    with pytest.raises(SystemExit):
        cli("compress", source, "-o", out, "--resize", "200%")
    assert "expected WxH, W or N% up to 100%" in capsys.readouterr().err


@pytest.fixture
def compact(cli, pictures, tmp_path):
    """A compact image of 65x50 pixels in a folder beside a photograph."""
    folder = tmp_path / "both"
    folder.mkdir()
    (folder / "fine.png").write_bytes((pictures / "fine.png").read_bytes())
    path = folder / "compact.jpg"
    assert cli("compress", pictures / "fine.png", "-o", path, "--scale", "half", "-q", 20) == 0
    return path


def test_a_compact_file_is_passed_through(cli, compact, tmp_path, capsys):
    out = tmp_path / "out"
    capsys.readouterr()
    assert cli("compress", compact.parent, "-d", out, "-q", 20, "--json") == 0
    told = records(capsys)
    assert (out / "compact.jpg").read_bytes() == compact.read_bytes()
    assert told["compact.jpg"]["status"] == "kept" and told["fine.png"]["status"] == "stored"
    assert told["compact.jpg"]["scale"] is None
    assert "is a compact file already" in told["compact.jpg"]["notes"][0]
    assert (told["compact.jpg"]["width"], told["compact.jpg"]["height"]) == (130, 99)


def test_recompress_expands_first(cli, compact, tmp_path, capsys):
    out = tmp_path / "out.jpg"
    options = ("--recompress", "--scale", "half")
    assert cli("compress", compact, "-o", out, *options, "-q", 10) == 0
    assert "was a compact file: expanded first" in capsys.readouterr().out
    assert markers.find(out.read_bytes()).size == (99, 130)
    assert out.stat().st_size < compact.stat().st_size
    # Nor does it grow.
    assert cli("compress", compact, "-o", out, "--recompress", "-q", 95) == 0
    assert out.read_bytes() == compact.read_bytes()


def test_a_compact_file_that_lacks_its_end_is_passed_through_or_expanded(
    cli, compact, tmp_path, capsys
):
    out = tmp_path / "out.jpg"
    compact.write_bytes(compact.read_bytes()[:-2])
    assert cli("compress", compact, "-o", out) == 0
    told = capsys.readouterr().out
    assert "is a compact file already" in told and "the end of its file is missing" in told
    assert out.read_bytes() == compact.read_bytes()
    assert cli("compress", compact, "-o", out, "--recompress", "--scale", "half", "-q", 10) == 0
    assert "was a compact file: expanded first" in capsys.readouterr().out
    assert markers.find(out.read_bytes()).size == (99, 130)


def test_a_compact_file_is_resized_when_that_is_asked_for(cli, compact, tmp_path, capsys):
    out = tmp_path / "out.jpg"
    assert cli("compress", compact, "-o", out, "--resize", "60%", "--scale", "plain") == 0
    assert size_of(out) == (78, 59)
    assert cli("compress", compact, "-o", out, "--resize", "200x200") == 0
    assert out.read_bytes() == compact.read_bytes()


def test_what_cannot_be_passed_through_is_one_line(cli, compact, tmp_path, capsys):
    assert cli("compress", compact, "-o", tmp_path / "x.webp") == 3
    assert "is a compact file in JPEG already" in capsys.readouterr().err
    assert cli("compress", compact, "-o", tmp_path / "x.jpg", "--target-size", 400) == 9
    assert "--recompress expands it first" in capsys.readouterr().err
    compact.write_bytes(compact.read_bytes()[:400])
    assert cli("compress", compact, "-o", tmp_path / "x.jpg") == 3
    assert "broken or truncated" in capsys.readouterr().err


def test_strip_applies_to_a_compact_file(cli, pictures, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    source, small, out = (tmp_path / name for name in ("a.jpg", "small.jpg", "out.jpg"))
    with Image.open(pictures / "fine.png") as image:
        image.save(source, quality=95, exif=exif)
    assert cli("compress", source, "-o", small, "--scale", "half", "-q", 20) == 0
    assert b"A camera" in small.read_bytes()
    assert cli("compress", small, "-o", out, "--strip") == 0
    assert b"A camera" not in out.read_bytes()
    assert markers.find(out.read_bytes()) == markers.find(small.read_bytes())


@pytest.mark.parametrize(
    ("name", "written"),
    [("x.webp", "WEBP"), ("x.AVIF", "AVIF"), ("x.jpeg", "JPEG"), ("x.part", "JPEG"), ("x", "JPEG")],
)
def test_the_name_decides_what_compress_writes(name, written, cli, pictures, tmp_path):
    assert cli("compress", pictures / "fine.png", "-o", tmp_path / name, "-e", 1) == 0
    assert format_of(tmp_path / name) == written


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "x.png"), "compress writes .jpg, .webp or .avif"),
        (("-o", "x.tif"), "compress writes .jpg, .webp or .avif"),
        (("-o", "x.webp", "--codec", "jpeg"), "names another format than --codec jpeg"),
    ],
)
def test_a_name_of_another_format_is_refused(options, message, cli, pictures, capsys):
    assert cli("compress", pictures / "fine.png", *options) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("name", "written"), [("x.png", "PNG"), ("x.webp", "WEBP")])
def test_the_name_decides_what_expand_makes_of_a_plain_picture(
    name, written, cli, pictures, tmp_path, capsys
):
    out = tmp_path / name
    assert cli("expand", pictures / "coarse.jpg", "-o", out, model=False) == 0
    assert format_of(out) == written
    assert f"no marker, written as {written}" in capsys.readouterr().out
    with Image.open(out) as image, Image.open(pictures / "coarse.jpg") as source:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(source))


def test_format_holds_for_plain_pictures_in_folders(cli, pictures, tmp_path):
    out = tmp_path / "out"
    inputs = [pictures / name for name in ("coarse.jpg", "bits.png")]
    assert cli("expand", *inputs, "-d", out, "--format", "png", model=False) == 0
    assert format_of(out / "coarse.png") == "PNG"
    assert (out / "bits.png").read_bytes() == (pictures / "bits.png").read_bytes()


def test_strip_holds_for_what_expand_passes_through(cli, pictures, tmp_path, capsys):
    source = pictures / "coarse.jpg"
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    with Image.open(source) as image:
        image.save(source, "JPEG", quality="keep", exif=exif)
        image.save(tmp_path / "a.tif", exif=exif)
    out = tmp_path / "out"
    assert cli("expand", source, "-d", out, "--strip", model=False) == 0
    assert b"A camera" not in (out / "coarse.jpg").read_bytes()
    assert cli("expand", tmp_path / "a.tif", "-d", out, "--strip", model=False) == 3
    assert "name a --format" in capsys.readouterr().err


def test_expand_tells_what_it_assumed(cli, compact, pictures, tmp_path, capsys):
    out = tmp_path / "big.png"
    with Image.open(compact) as image:
        plain = io.BytesIO()
        image.transpose(Image.Transpose.ROTATE_90).save(plain, "JPEG", qtables=image.quantization)
    marker = markers.find(compact.read_bytes())
    compact.write_bytes(markers.attach(plain.getvalue(), marker))
    assert cli("expand", compact, "-o", out) == 0
    assert size_of(out) == (99, 130)
    assert "was turned after it was made" in capsys.readouterr().out
    assert cli("info", compact, model=False) == 0
    assert "note: was turned after it was made" in capsys.readouterr().out
    assert cli("expand", pictures / "coarse.jpg", "-o", out) == 0
    assert "nothing else says that it is a compact image" in capsys.readouterr().out


def test_a_damaged_marker_needs_a_model(cli, compact, tmp_path, capsys):
    data = compact.read_bytes()
    compact.write_bytes(data.replace(b"JXS\0\x01", b"JXS\0\x09"))
    out = tmp_path / "out.png"
    assert cli("expand", compact, "-o", out, model=False) == 3
    assert "marker of version 9" in (error := capsys.readouterr().err)
    assert "--model NAME restores it all the same" in error
    assert cli("expand", compact, "-o", out) == 0
    assert size_of(out) == (130, 100)
    assert cli("compress", compact, "-o", tmp_path / "out.jpg") == 0
    assert (tmp_path / "out.jpg").read_bytes() == compact.read_bytes()
