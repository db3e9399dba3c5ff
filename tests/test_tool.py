"""The Python interface: its examples, and what it refuses."""

import doctest

import numpy as np
import pytest

from jaxshrink import tool
from jaxshrink.commands import shipped
from jaxshrink.errors import CheckpointError, ConfigError, DataError
from jaxshrink.models import weights


def test_the_examples_are_right(model_file):
    done = doctest.testmod(
        tool,
        extraglobs={"model_file": str(model_file)},
        optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL,
    )
    assert done.attempted > 10 and done.failed == 0


def test_two_functions_with_the_shipped_model(model_file, monkeypatch, photograph, tmp_path):
    (tmp_path / "photo.safetensors").write_bytes(model_file.read_bytes())
    (tmp_path / "small.safetensors").write_bytes(model_file.read_bytes())
    monkeypatch.setattr(weights, "SHIPPED", tmp_path)
    x = photograph[:170, :163]
    small = tool.compress(x, quality=10)
    assert tool.expand(small.data).shape == x.shape
    forced = tool.Model.load().compress(x, scale=2, quality=5)
    assert tool.expand(forced.data).shape == x.shape
    monkeypatch.setattr(weights, "SHIPPED", tmp_path / "none")
    with pytest.raises(CheckpointError, match="made by the model small"):
        tool.expand(forced.data)


def test_bad_arguments_are_one_line(model_file, photograph):
    model = tool.Model.load(str(model_file))
    with pytest.raises(ConfigError, match="one target"):
        model.compress(photograph, quality=10, target_size=1000)
    with pytest.raises(ConfigError, match="no scale 4"):
        model.compress(photograph, scale=4)
    for wrong in (photograph.astype(float), photograph[:, :, 0], photograph[:, :, :2]):
        with pytest.raises(DataError, match="expected uint8"):
            model.compress(wrong)
    with pytest.raises(DataError, match="webp holds sides of at most 16383"):
        model.compress(np.zeros((1, 16384, 3), np.uint8), codec="webp")


def test_the_default_model_has_one_name():
    assert tool.DEFAULT_MODEL == shipped.DEFAULT_MODEL
