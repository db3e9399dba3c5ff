"""Exported networks give JAX's pixels, whatever the architecture and the picture's size."""

import base64
import copy
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from jaxshrink.cli.main import main
from jaxshrink.compression.model import Model
from jaxshrink.models import UNIT
from jaxshrink.models.weights import load_weights, save_weights
from jaxshrink.portable.graph import reccnn_graph
from jaxshrink.portable.onnx_files import export_onnx
from jaxshrink.shipped.index import shipped_names
from tests.inference.test_tiled import TABLES, random_pipeline


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    """All models of the package, exported."""
    folder = tmp_path_factory.mktemp("onnx")
    for name in shipped_names():
        export_onnx(name, folder)
    return folder


def assert_within_one_level(found, expected, share=1e-3):
    difference = np.abs(found.astype(int) - expected)
    assert found.shape == expected.shape and found.dtype == np.uint8
    assert difference.max() <= 1
    assert (difference > 0).mean() < share


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("stride", [2, 4])
@pytest.mark.parametrize("num_coarse_blocks", [0, 1])
def test_every_architecture_is_exported(scale, stride, num_coarse_blocks, photograph):
    pipeline = random_pipeline(scale, stride, num_coarse_blocks)
    rec = {"features": 8, "num_blocks": 1, "num_coarse_blocks": num_coarse_blocks}
    settings = {"channels": 3, "scale": scale, "stride": stride, "rec": rec}
    graph = reccnn_graph(_trunk(pipeline), settings)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    y_hat = photograph[: 48 // scale, : 64 // scale]
    unit = UNIT // scale
    extended = np.pad(y_hat, ((unit, unit), (unit, unit), (0, 0)), mode="symmetric")
    told = {"y_hat": extended[None], "tables": TABLES}
    found = session.run(None, told)[0][0, UNIT:-UNIT, UNIT:-UNIT]
    assert_within_one_level(found, pipeline.reconstruct(y_hat[None], (48, 64), TABLES)[0])


def _trunk(pipeline):
    def leaves(tree, place=""):
        for name, value in tree.items():
            if isinstance(value, dict):
                yield from leaves(value, f"{place}{name}/")
            else:
                yield f"{place}{name}", np.asarray(value)

    return dict(leaves(pipeline._variables.rec["params"]["_Trunk_0"]))


def test_tables_are_those_of_the_model_at_every_quality(exported):
    for name in shipped_names():
        told = json.loads((exported / f"{name}.json").read_text())["scales"]
        pipelines = Model.load(name)._pipelines
        for scale, pipeline in pipelines.items():
            tables = np.frombuffer(base64.b64decode(told[str(scale)]["tables"]), np.uint8)
            expected = [pipeline.tables(quality) for quality in range(1, 101)]
            np.testing.assert_array_equal(tables.reshape(100, 2, 8, 8), expected)


def test_radius_and_hash_are_the_models(exported):
    for name in shipped_names():
        told = json.loads((exported / f"{name}.json").read_text())
        weights = load_weights(name)
        assert told["sha256"] == weights.digest.hex()
        for scale, networks in weights.networks.items():
            assert told["scales"][str(scale)]["radius"] == networks.rec.radius


def test_half_precision_stays_near(exported, photograph):
    told = json.loads((exported / "photo3.json").read_text())["scales"]["2"]["graphs"]
    y_hat = np.ascontiguousarray(photograph[None, :64, :64])
    found = [
        onnxruntime.InferenceSession(exported / told[dtype]["file"]).run(
            None, {"y_hat": y_hat, "tables": TABLES}
        )[0][0]
        for dtype in ("float32", "float16")
    ]
    assert_within_one_level(found[1][UNIT:-UNIT, UNIT:-UNIT], found[0][UNIT:-UNIT, UNIT:-UNIT], 0.1)
    assert told["float16"]["bytes"] < 0.6 * told["float32"]["bytes"]


def test_the_command_writes_models_that_say_what_they_are(tmp_path, capsys):
    assert main(["export", "onnx", "photo", "-o", str(tmp_path / "new" / "folder")]) == 0
    written = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    sizes = ("photo-full", "photo-half")
    files = [f"{name}{suffix}.onnx" for name in sizes for suffix in ("", ".float16")]
    assert written == sorted([*files, "photo.json"])
    told = capsys.readouterr().out
    assert all(name in told for name in written)
    model = onnx.load(tmp_path / "new" / "folder" / "photo-half.onnx")
    assert model.opset_import[0].version >= 17
    assert [each.name for each in model.graph.input] == ["y_hat", "tables"]


def test_what_cannot_be_exported_is_one_line(tmp_path, capsys):
    (tmp_path / "weights").write_bytes(b"none")
    (tmp_path / "file").touch()
    for arguments, code, message in (
        (["missing", "-o", str(tmp_path)], 4, "no model 'missing'"),
        ([str(tmp_path / "weights"), "-o", str(tmp_path)], 4, "no weights"),
        (["photo", "-o", str(tmp_path / "file")], 3, "cannot be written"),
    ):
        assert main(["export", "onnx", *arguments]) == code
        error = capsys.readouterr().err
        assert message in error and len(error.splitlines()) == 1


def test_weights_from_elsewhere_are_checked_before_anything_is_written(tmp_path, capsys):
    weights = load_weights("photo")
    (tmp_path / "in").mkdir()
    for name, change in (
        ("escaping", {"name": "../../escaped"}),
        ("deep", {"configs": _deeper(weights.configs)}),
    ):
        file = tmp_path / "in" / name
        file.write_bytes(save_weights(dataclasses.replace(weights, **change)))
        assert main(["export", "onnx", str(file), "-o", str(tmp_path / "in" / "out")]) == 4
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert {path.name for path in tmp_path.rglob("*")} == {"in", "escaping", "deep"}


def _deeper(configs):
    """With more blocks than there are arrays."""
    deeper = copy.deepcopy(dict(configs))
    for config in deeper.values():
        config["model"]["rec"]["num_blocks"] = 200
    return deeper


def test_exporting_does_not_import_jax(tmp_path):
    script = (
        "import sys; from pathlib import Path;"
        "from jaxshrink.portable.onnx_files import export_onnx;"
        f"export_onnx('photo', Path({str(tmp_path)!r}));"
        "assert not {'jax', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
