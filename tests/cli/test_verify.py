"""`jaxshrink verify FILE ORIGINAL`."""

import json

import pytest
from PIL import Image

from jaxshrink.cli.main import main
from tests.golden_files.make import FOLDER

COMPACT = FOLDER / "photo3-v1-full.jpeg"
EXPANDED = FOLDER / "photo3-v1-full.jpeg.png"


def test_a_compact_file_is_measured_as_it_expands(capsys):
    assert main(["verify", str(COMPACT), str(EXPANDED), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["bytes"] == COMPACT.stat().st_size
    assert facts["original_bytes"] == EXPANDED.stat().st_size
    assert facts["ssimulacra2"] > 99
    assert facts["psnr"] is None or facts["psnr"] > 60


def test_another_model_s_file_is_less_close(capsys):
    assert main(["verify", str(FOLDER / "photo-v1-half.jpeg"), str(EXPANDED), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["ssimulacra2"] < 90
    assert 15 < facts["psnr"] < 40


def test_in_words_a_gray_picture_and_a_coloured_one(tmp_path, capsys):
    with Image.open(EXPANDED) as image:
        image.convert("L").save(tmp_path / "gray.png")
    assert main(["verify", str(tmp_path / "gray.png"), str(EXPANDED)]) == 0
    out = capsys.readouterr().out
    assert "SSIMULACRA2: " in out and "MS-SSIM: none" in out and "PSNR: " in out


@pytest.mark.parametrize("what", ["smaller", "broken", "missing"])
def test_what_cannot_be_measured_is_one_line(tmp_path, capsys, what):
    path = tmp_path / "other.png"
    if what == "smaller":
        Image.new("RGB", (20, 20)).save(path)
    elif what == "broken":
        path.write_bytes(b"no picture")
    assert main(["verify", str(path), str(EXPANDED)]) == 3
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1
