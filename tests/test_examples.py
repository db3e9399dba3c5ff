"""The scripts in examples/ run, and do what they say."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxshrink.models.weights import load_weights
from tests.bench.conftest import save_model

REPOSITORY = Path(__file__).parents[1]


def example(name, *arguments):
    """Runs a script from another folder than its own; returns the lines it printed."""
    command = [sys.executable, str(REPOSITORY / "examples" / f"{name}.py"), *map(str, arguments)]
    one_device = {**os.environ, "XLA_FLAGS": ""}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=one_device)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout.splitlines()


@pytest.fixture
def photographs(tmp_path, photograph):
    """A folder with two photographs."""
    (tmp_path / "photographs").mkdir()
    for index in range(2):
        crop = photograph[: 190 + index, :200]
        Image.fromarray(crop).save(tmp_path / "photographs" / f"{index}.png")
    return tmp_path / "photographs"


def test_a_folder_is_compressed_and_a_marker_read(photographs, tmp_path):
    (photographs / "2.txt").write_text("no picture")
    small = tmp_path / "small"
    lines = example("compress_folder", photographs, small)
    assert [line.split(":")[0] for line in lines] == ["0.png", "1.png", "2.txt"]
    assert "SSIMULACRA2" in lines[0] and "cannot be read as an image" in lines[2]
    assert sorted(path.name for path in small.iterdir()) == ["0.jpg", "1.jpg"]
    told = example("read_marker", small / "0.jpg")
    assert "a 200x190 photograph" in told[0] or "no marker" in told[0]


def test_a_checkpoint_is_evaluated(photographs, tmp_path):
    save_model(tmp_path / "run")
    (line, _) = example("evaluate_checkpoint", tmp_path / "run", *sorted(photographs.iterdir()))
    assert line.startswith("0.png: ") and "MS-SSIM" in line


def test_the_shipped_model_is_fine_tuned(tmp_path):
    for cohort in ("train", "dev"):
        (tmp_path / cohort).mkdir()
        for index in range(2):
            rng = np.random.default_rng(index)
            small = rng.integers(0, 256, (20, 20, 3)).astype(np.uint8)
            image = Image.fromarray(small).resize((260, 260), Image.Resampling.BICUBIC)
            image.save(tmp_path / cohort / f"{index}.png")
    flags = ["--config.batch_size=1", "--config.num_epochs=2", "--config.warmup_steps=1"]
    flags += ["--config.data.crop=176", "--config.evaluation.every_steps=2"]
    example("fine_tune", tmp_path, tmp_path / "out", *flags)
    assert load_weights(str(tmp_path / "out" / "mine.safetensors")).name == "mine"
