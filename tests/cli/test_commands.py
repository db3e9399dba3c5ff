"""The commands on folders of photographs of many kinds, good and bad."""

import functools
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms

from jaxshrink import atomic
from jaxshrink.atomic import write_whole
from jaxshrink.cli.main import main
from jaxshrink.errors import DataError
from jaxshrink.files import markers
from jaxshrink.models.weights import save_weights
from tests.files import making
from tests.untrained import untrained_weights


@pytest.fixture
def cli(model_file):
    """Runs a command with the small model, and returns its exit code."""

    def run(command, *arguments, model=model_file):
        told = ["--model", str(model)] if model and command in ("compress", "expand") else []
        return main([command, *map(str, arguments), *told])

    return run


@pytest.fixture
def folder(tmp_path, photograph):
    """in/a.png, in/b.jpg, in/deeper/c.png, and a text."""
    folder = tmp_path / "in"
    (folder / "deeper").mkdir(parents=True)
    Image.fromarray(photograph[:180, :170]).save(folder / "a.png")
    Image.fromarray(photograph[100:141, :60]).save(folder / "b.jpg")
    Image.fromarray(photograph[:20, :20]).save(folder / "deeper" / "c.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def size_of(path):
    with Image.open(path) as image:
        return image.size


def test_a_folder_there_and_back(cli, folder, tmp_path, capsys):
    small, big = tmp_path / "small", tmp_path / "big"
    assert cli("compress", folder, "-r", "-d", small, "--scale", "half", "-q", 20) == 0
    assert names(small) == ["a.jpg", "b.jpg", "deeper/c.jpg"]
    assert size_of(small / "a.jpg") == (85, 90)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[3].startswith("4 files: 3 written, 1 left out; ")
    assert "bytes (" in lines[0] and "MS-SSIM" in lines[0] and "half" in lines[0]
    assert "PSNR" in lines[1]  # too small for MS-SSIM
    assert cli("expand", small, "-r", "-d", big) == 0
    assert names(big) == ["a.png", "b.png", "deeper/c.png"]
    for name in ("a.png", "deeper/c.png"):
        assert size_of(big / name) == size_of(folder / name)


def test_without_r_only_the_folder_itself(cli, folder, tmp_path):
    assert cli("compress", folder, "-d", tmp_path / "out", "-e", 1) == 0
    assert names(tmp_path / "out") == ["a.jpg", "b.jpg"]


def test_patterns_and_several_at_once(cli, folder, tmp_path):
    out = tmp_path / "out"
    assert cli("compress", folder / "*.png", folder / "b.jpg", "-d", out, "-j", 2, "-e", 1) == 0
    assert names(out) == ["a.jpg", "b.jpg"]


def test_json_lines_and_dry_run(cli, folder, tmp_path, capsys):
    out = tmp_path / "out.jpg"
    size = 3000
    options = ("--target-size", size, "--json", "--dry-run")
    assert cli("compress", folder / "a.png", "-o", out, *options) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["bytes_after"] <= size and record["width"] == 170
    assert not out.exists()


def test_pipes(cli, folder, tmp_path, monkeypatch, capsysbinary):
    class Pipe:
        buffer = io.BytesIO((folder / "a.png").read_bytes())

    monkeypatch.setattr(sys, "stdin", Pipe)
    assert cli("compress", "-", "--scale", "half", "-q", 30) == 0
    data, told = capsysbinary.readouterr()
    assert markers.find(data).size == (180, 170)
    assert b"standard input -> standard output" in told
    Pipe.buffer = io.BytesIO(data)
    assert cli("expand", "-", "-o", tmp_path / "out.png") == 0
    assert size_of(tmp_path / "out.png") == (170, 180)


def test_a_batch_goes_on_after_bad_files(cli, folder, tmp_path, capsys):
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:5000])
    assert cli("compress", folder, "-d", tmp_path / "out", "-e", 1) == 3
    assert names(tmp_path / "out") == ["a.jpg", "b.jpg"]
    error = capsys.readouterr().err
    assert "error: 2 of 4 files failed:" in error
    assert "bad.png: cannot be read as an image" in error
    assert "cut.png: broken or truncated image" in error


def test_an_unexpected_error_does_not_stop_the_others(cli, folder, tmp_path, monkeypatch, capsys):
    def fail_once(*arguments, calls=[], **options):  # noqa: B006
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return real(*arguments, **options)

    from jaxshrink.compression import model

    real = model.search
    monkeypatch.setattr(model, "search", fail_once)
    assert cli("compress", folder, "-d", tmp_path / "out", "-e", 1, "-j", 1) == 1
    assert names(tmp_path / "out") == ["b.jpg"]
    assert "a.png: unexpected error (ZeroDivisionError" in capsys.readouterr().err


def test_an_interruption_leaves_no_half_written_file(cli, folder, tmp_path, monkeypatch, capsys):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "replace", interrupt)
    assert cli("compress", folder, "-d", tmp_path / "out", "-e", 1) == 130
    assert names(tmp_path / "out") == []
    monkeypatch.undo()


def test_skip_existing_continues(cli, folder, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.jpg").write_bytes(b"was there")
    assert cli("compress", folder, "-d", out, "-e", 1, "--skip-existing") == 0
    assert (out / "a.jpg").read_bytes() == b"was there"
    assert names(out) == ["a.jpg", "b.jpg"]
    assert cli("compress", folder, "-d", out, "-e", 1, "--no-overwrite") == 3
    assert "2 of 2 files failed" in capsys.readouterr().err


def test_unwritable_outputs_are_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be written"):
        write_whole(tmp_path / "file" / "x.jpg", b"data")


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_files_are_as_readable_as_others(tmp_path):
    write_whole(tmp_path / "ours", b"data")
    (tmp_path / "other").write_bytes(b"data")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{in}"], 2, "say where to write"),
        (["{in}", "-o", "{out}.jpg"], 2, "-o is for one input, here are 2"),
        (["{in}/b.jpg", "-o", "{in}/b.jpg"], 2, "b.jpg is an input"),
        (["{in}", "-d", "{in}"], 2, "cannot be read and written at once"),
        (["{in}", "{in}/deeper", "{in}/deeper/c.png", "-d", "{in}/deeper"], 2, "read and written"),
        (["{in}/a.png", "-", "-o", "{out}"], 2, "standard input goes alone"),
        (["{in}/none.png", "-d", "{out}"], 3, "no such file or folder"),
        (["{in}/*.gif", "-d", "{out}"], 3, "no such file or folder"),
        (["{in}/a.png", "-d", "{out}", "--background", "dark"], 2, "no such colour"),
        (["{in}/a.png", "-d", "{out}", "--max-pixels", "100"], 3, "more than the limit of 100"),
        (["{in}/a.png", "-d", "{out}", "--target-size", "9"], 9, "no file of at most 9 bytes"),
        (["{in}/b.jpg", "-d", "{out}", "--target-msssim", "0.9"], 9, "name a --target-psnr"),
        (["{in}/a.png", "-d", "{out}", "--model", "none"], 4, "no model 'none'"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, code, message, cli, folder, tmp_path, capsys):
    places = {"in": folder, "out": tmp_path / "out"}
    arguments = [text.format(**places) for text in arguments]
    model = {} if "--model" not in arguments else {"model": None}
    assert cli("compress", *arguments, **model) == code
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1 and errors[0].startswith("error: ")
    assert message in errors[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-q", "0"],
        ["-q", "101"],
        ["-q", "ten"],
        ["-q", "10", "--target-size", "100"],
        ["-e", "4"],
        ["--codec", "gif"],
        ["--target-bpp", "-1"],
        ["--tile", "8"],
        ["--no-overwrite", "--skip-existing"],
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(["compress", "x.png", "-d", "out", *arguments])
    assert end.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_two_inputs_of_one_name_are_refused_before_any_work(cli, folder, tmp_path, capsys):
    (folder / "deeper" / "a.png").write_bytes(b"")
    inputs = (folder / "a.png", folder / "deeper" / "a.png")
    assert cli("compress", *inputs, "-d", tmp_path / "out") == 2
    assert "a.png would both become one file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_metadata_is_kept_unless_stripped(cli, tmp_path, photograph, capsys):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    source, kept = tmp_path / "a.jpg", tmp_path / "kept.jpg"
    Image.fromarray(photograph[:180, :170]).save(source, exif=exif, icc_profile=_icc())
    assert cli("compress", source, "-o", kept, "--scale", "half", "-q", 20) == 0
    assert markers.find(kept.read_bytes()).size == (170, 180)
    assert cli("expand", kept, "-o", tmp_path / "back.png") == 0
    for path, size in ((kept, (90, 85)), (tmp_path / "back.png", (180, 170))):
        with Image.open(path) as image:
            image.load()
            assert image.size == size
            assert dict(image.getexif()) == {0x0112: 1, 0x010F: "A camera"}
            assert image.info["icc_profile"] == _icc()
    assert cli("compress", source, "-o", kept, "--strip", "-e", 1) == 0
    with Image.open(kept) as image:
        assert not image.getexif() and "icc_profile" not in image.info


@functools.cache  # it tells when it was made
def _icc():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("scale", ["half", "full"])
def test_gray_stays_gray(scale, cli, tmp_path, gray_photograph):
    source, small, big = (tmp_path / name for name in ("a.png", "small.jpg", "big.png"))
    Image.fromarray(gray_photograph[:99, :70, 0]).save(source)
    assert cli("compress", source, "-o", small, "--scale", scale, "-q", 30) == 0
    assert cli("expand", small, "-o", big) == 0
    for path in (small, big):
        with Image.open(path) as image:
            assert image.mode == "L"
    assert size_of(big) == (70, 99)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3), (17, 16)])
@pytest.mark.parametrize("scale", ["half", "full", "plain"])
def test_odd_sizes(size, scale, cli, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    source, small, big = (tmp_path / name for name in ("a.png", "small.jpg", "big.png"))
    Image.fromarray(pixels).save(source)
    assert cli("compress", source, "-o", small, "--scale", scale, "--target-size", 100000) == 0
    model = {"model": None} if scale == "plain" else {}
    assert cli("expand", small, "-o", big, **model) == 0
    assert size_of(big) == size[::-1]


@pytest.mark.parametrize("codec", ["webp", "avif"])
def test_other_codecs_there_and_back(codec, cli, folder, tmp_path):
    small, big = tmp_path / "small", tmp_path / "big"
    options = ("--codec", codec, "--scale", "half", "--target-size", 3000)
    assert cli("compress", folder / "a.png", "-d", small, *options) == 0
    assert names(small) == [f"a.{codec}"]
    assert cli("expand", small, "-d", big, "--format", "webp") == 0
    assert size_of(big / "a.webp") == (170, 180)


def test_an_unmarked_file_is_passed_through_unless_a_model_is_given(cli, folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli("expand", folder / "b.jpg", "-d", out, model=None) == 0
    assert (out / "b.jpg").read_bytes() == (folder / "b.jpg").read_bytes()
    assert "no marker, passed through as it is" in capsys.readouterr().out
    assert cli("expand", folder / "b.jpg", "-d", out) == 0
    assert size_of(out / "b.png") == (120, 82)
    assert cli("expand", folder / "b.jpg", "-o", out / "c.jpg", "--scale", "full") == 0
    assert size_of(out / "c.jpg") == (60, 41)


def test_what_is_passed_through_is_stripped_all_the_same(cli, tmp_path, capsys):
    (tmp_path / "plain.jpg").write_bytes(making.full("JPEG") + making.FILM)
    out = tmp_path / "out.jpg"
    for option, gone in (("--strip", making.CAMERA), ("--strip=gps", making.CITY)):
        assert cli("expand", tmp_path / "plain.jpg", "-o", out, option, model=None) == 0
        assert gone not in out.read_bytes() and b"ftyp" not in out.read_bytes()
        assert "the film behind it" in capsys.readouterr().out
    assert making.CAMERA in out.read_bytes()


def test_another_model_is_told(cli, folder, tmp_path, capsys):
    small = tmp_path / "small.jpg"
    assert cli("compress", folder / "a.png", "-o", small, "--scale", "half", "-q", 10) == 0
    assert cli("expand", small, "-o", tmp_path / "x.png", model=None) == 4
    assert "made by the model small, which is not here" in capsys.readouterr().err
    other = tmp_path / "other.safetensors"
    other.write_bytes(save_weights(untrained_weights(noise=0.0)))
    assert cli("expand", small, "-o", tmp_path / "x.png", model=other) == 0
    assert "made by the model small (" in capsys.readouterr().out


def test_tiles_do_not_show(cli, tmp_path, photograph):
    source, small = tmp_path / "a.png", tmp_path / "small.jpg"
    Image.fromarray(photograph[:300, :433]).save(source)
    assert cli("compress", source, "-o", small, "--scale", "half", "-q", 30) == 0
    pixels = []
    for tile in (64, 1024):
        assert cli("expand", small, "-o", tmp_path / f"{tile}.png", "--tile", tile) == 0
        with Image.open(tmp_path / f"{tile}.png") as image:
            pixels.append(np.asarray(image).astype(int))
    difference = np.abs(pixels[0] - pixels[1])
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-3


def test_one_or_eight_virtual_devices_give_the_same_pixels(cli, folder, model_file, tmp_path):
    small = tmp_path / "small.jpg"
    assert cli("compress", folder / "a.png", "-o", small, "--scale", "half", "-q", 20) == 0
    pixels = []
    for number in (1, 8):
        out = tmp_path / f"{number}.png"
        environment = os.environ | {
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={number}",
            "JAX_PLATFORMS": "cpu",
        }
        line = ["expand", str(small), "-o", str(out), "--model", str(model_file)]
        command = [sys.executable, "-m", "jaxshrink", *line, "--device", "cpu"]
        subprocess.run(command, env=environment, check=True)
        with Image.open(out) as image:
            pixels.append(np.asarray(image).astype(int))
    difference = np.abs(pixels[0] - pixels[1])
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-3


def test_an_unknown_device_is_one_line(cli, folder, tmp_path, capsys):
    out = ("-o", tmp_path / "x.jpg", "--device", "tpu")
    assert cli("compress", folder / "a.png", *out) == 2
    assert "--device tpu: JAX finds none here" in capsys.readouterr().err


def test_info_tells_what_is_in_a_file(cli, folder, tmp_path, capsys):
    small = tmp_path / "small.jpg"
    assert cli("compress", folder / "a.png", "-o", small, "--scale", "half", "-q", 30) == 0
    capsys.readouterr()
    assert cli("info", small, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["viewer"]["width"], facts["viewer"]["height"]) == (85, 90)
    marker = facts["marker"]
    assert (marker["width"], marker["height"], marker["scale"]) == (170, 180, 2)
    assert marker["model"] == "small" and not marker["model_is_here"]
    assert cli("info", small) == 0
    assert "photograph: 170x180" in capsys.readouterr().out
    assert cli("info", folder / "a.png") == 0
    assert "marker: none" in capsys.readouterr().out
    assert cli("info", folder / "notes.txt") == 3
    assert "notes.txt: cannot be read as an image" in capsys.readouterr().err


def test_a_damaged_model_is_one_line(cli, tmp_path, capsys, monkeypatch):
    from jaxshrink.shipped import index

    monkeypatch.setattr(index, "FOLDER", tmp_path)
    for data in (b"", b"\xff" * 20, b"\2" + bytes(7) + b"{}", b"\3" + bytes(7) + b"[1]"):
        (tmp_path / "x.safetensors").write_bytes(data)
        assert cli("models") == 4
        assert "x.safetensors: damaged (" in capsys.readouterr().err


def test_a_compact_file_that_lacks_its_end_is_restored(cli, folder, tmp_path):
    small = tmp_path / "small.jpg"
    assert cli("compress", folder / "a.png", "-o", small, "--scale", "half", "-q", 30) == 0
    assert cli("expand", small, "-o", tmp_path / "whole.png") == 0
    small.write_bytes(small.read_bytes()[:-2])
    assert cli("expand", small, "-o", tmp_path / "cut.png") == 0
    assert (tmp_path / "whole.png").read_bytes() == (tmp_path / "cut.png").read_bytes()
    small.write_bytes(small.read_bytes()[:-200])
    assert cli("expand", small, "-o", tmp_path / "broken.png") == 3


def test_models_are_listed_without_loading_them(cli, model_file, capsys, monkeypatch):
    from jaxshrink.shipped import index

    monkeypatch.setattr(index, "FOLDER", model_file.parent)
    assert cli("models") == 0
    assert capsys.readouterr().out.startswith("small: half and full size, ")
    assert cli("models", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "small"
