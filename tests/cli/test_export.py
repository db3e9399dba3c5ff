"""Packing trained models, and what cannot be packed."""

import json

import ml_collections
import pytest

from configs import codec_aware, quick
from jaxshrink.cli.main import main
from jaxshrink.errors import CheckpointError
from jaxshrink.models.weights import load_weights
from jaxshrink.runs import packing, workdir


def made(folder, config: ml_collections.ConfigDict):
    """A working directory that was claimed for a config."""
    workdir.claim(folder, json.loads(config.to_json()))
    return folder


@pytest.fixture
def run(tmp_path):
    """Calls the command, and returns its exit code."""

    def run(*folders, name="small"):
        output = str(tmp_path / "out.safetensors")
        return main(["export", "weights", *map(str, folders), "--name", name, "-o", output])

    return run


def test_what_cannot_be_packed_is_one_line(run, tmp_path, capsys):
    plain = codec_aware.get_config()
    plain.loss.rate = 0.0
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text("[1]")
    quick_run = made(tmp_path / "quick", quick.get_config())
    for folder, code, message in (
        (quick_run, 2, "architecture 'paper'"),
        (made(tmp_path / "plain", plain), 2, "without a rate in its loss"),
        (tmp_path / "other", 4, "config.json: damaged (it is a list, not an object)"),
        (tmp_path / "none", 4, "no training run here"),
        (made(tmp_path / "half", codec_aware.get_config()), 4, "no checkpoint yet"),
    ):
        assert run(folder) == code
        errors = capsys.readouterr().err.splitlines()
        assert len(errors) == 1 and errors[0].startswith("error: ") and message in errors[0]
    assert run(quick_run, name="My Model") == 2
    assert "--name My Model" in capsys.readouterr().err


def test_two_models_of_one_scale_are_refused(run, tmp_path, monkeypatch, small_weights, capsys):
    monkeypatch.setattr(
        packing, "load_best", lambda config, folder: (small_weights.variables[2], {"step": 1})
    )
    for name in ("a", "b"):
        made(tmp_path / name, codec_aware.get_config())
    assert run(tmp_path / "a", tmp_path / "b") == 2
    assert "a second model of scale 2" in capsys.readouterr().err


def test_an_unwritable_file_is_one_line(run, tmp_path, monkeypatch, small_weights, capsys):
    monkeypatch.setattr(packing, "pack", lambda *_: small_weights)
    assert run(tmp_path) == 0
    assert load_weights(str(tmp_path / "out.safetensors")).name == "small"
    (tmp_path / "out.safetensors").unlink()
    (tmp_path / "out.safetensors").mkdir()
    assert run(tmp_path) == 3
    assert "cannot be written" in capsys.readouterr().err
    with pytest.raises(CheckpointError):
        load_weights(str(tmp_path / "out.safetensors"))
