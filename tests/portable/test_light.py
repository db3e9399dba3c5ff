"""Without JAX: files are expanded and told about; nothing else is, in one line."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from jaxshrink.cli.main import main
from jaxshrink.compression.model import Model
from jaxshrink.errors import CheckpointError
from jaxshrink.portable.decoder import load_exported
from jaxshrink.portable.onnx_files import export_onnx

# An environment in which these are not installed.
_WITHOUT = ("jax", "jaxlib", "flax", "optax", "orbax", "safetensors", "ml_collections", "absl")
_RUN = f"""
import importlib.util, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {_WITHOUT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in {_WITHOUT} else find(name, *rest)
from jaxshrink.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export_onnx("photo3", folder, ("float32",))
    return folder / "photo3.json"


@pytest.fixture(scope="module")
def compact(tmp_path_factory, photograph):
    """Of both scales, of an odd size."""
    folder = tmp_path_factory.mktemp("compact")
    model = Model.load("photo3")
    for scale in (1, 2):
        (folder / f"{scale}.jpg").write_bytes(model.encode(photograph[:201, :167], 40, scale))
    return folder


def without_jax(*arguments):
    command = [sys.executable, "-c", _RUN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_pixels_are_those_of_jax_within_a_level(exported, compact, tmp_path):
    run = without_jax("expand", compact, "-d", tmp_path, "--model", exported)
    assert (run.returncode, run.stderr) == (0, "")
    assert main(["expand", str(compact), "-d", str(tmp_path / "jax")]) == 0
    for scale in (1, 2):
        ours, theirs = (
            np.asarray(Image.open(folder / f"{scale}.png")).astype(int)
            for folder in (tmp_path, tmp_path / "jax")
        )
        assert ours.shape == (201, 167, 3)
        assert np.abs(ours - theirs).max() <= 1
        assert (ours != theirs).mean() < 1e-3


def test_a_file_is_told_about(compact):
    run = without_jax("info", compact / "2.jpg", "--json")
    assert json.loads(run.stdout)["marker"]["width"] == 167


@pytest.mark.parametrize("command", ["compress", "bench"])
def test_what_takes_jax_says_so_in_a_line(command, compact, tmp_path):
    run = without_jax(command, compact, *(["-d", tmp_path] if command == "compress" else []))
    assert run.returncode == 7
    assert len(run.stderr.splitlines()) == 1 and "pip install jaxshrink" in run.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told.update(format=9), "format"),
        (lambda told: told["scales"]["2"].pop("radius"), "radius"),
        (lambda told: told["scales"]["2"]["graphs"]["float32"].update(file="../x"), "folder"),
        (lambda told: told["scales"]["2"]["graphs"]["float32"].update(sha256="0"), "damaged"),
        (lambda told: told["scales"]["2"].update(offset="AAAA"), "reshape|buffer"),
        (lambda told: told.update(sha256="no hash"), "hexadecimal"),
    ],
)
def test_a_damaged_export_is_refused(change, message, exported, tmp_path):
    told = json.loads(exported.read_text())
    change(told)
    for file in exported.parent.glob("*.onnx"):
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "damaged.json").write_text(json.dumps(told))
    with pytest.raises(CheckpointError, match=message):
        load_exported(str(tmp_path / "damaged.json"))


def test_a_missing_export_is_named():
    with pytest.raises(CheckpointError, match="no model 'nothing'"):
        load_exported("nothing")
