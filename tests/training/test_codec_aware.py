"""The residual networks, trained jointly through the real JPEG and its differentiable model."""

import json

import jax
import numpy as np
import pytest

from configs import codec_aware
from jaxshrink.bench.methods.by_name import method_by_name
from jaxshrink.compression.model import Model
from jaxshrink.compression.ways import Way
from jaxshrink.errors import CheckpointError
from jaxshrink.files import markers
from jaxshrink.models.weights import load_weights, save_weights
from jaxshrink.ops import images
from jaxshrink.ops.losses import Distortion
from jaxshrink.runs import packing
from jaxshrink.training import loop
from jaxshrink.training.objective import Objective


def tiny_config(scale="half", **overrides):
    """Four steps on two photographs."""
    config = codec_aware.get_config(scale)
    config.data.root = "photographs"
    config.data.train = "packaged:dev"
    config.data.dev = config.data.test = "packaged:chelsea.png"
    config.data.halve_from = 400
    config.data.crop = 32
    config.loss.ms_ssim = 0.0
    config.loss.ssimulacra2 = 0.0  # takes a minute to compile
    config.batch_size = 8
    config.num_epochs = 16
    config.warmup_steps = 1
    config.model.com.features = config.model.rec.features = 8
    config.model.com.num_blocks = config.model.rec.num_blocks = 1
    config.model.com.coarse_features = config.model.rec.coarse_features = 8
    config.model.rec.num_coarse_blocks = 1
    config.checkpoints.every_steps = 2
    config.logging.every_steps = 2
    config.evaluation.every_steps = 4
    config.evaluation.qualities = ()
    config.update_from_flattened_dict(overrides)
    return config


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("half")
    loop.train(tiny_config(), folder)
    return folder


def test_a_joint_run_logs_its_loss_and_its_development_cost(workdir):
    rows = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert set(rows[0]) == {"step", "joint_loss", "com_clipped"}
    names = set().union(*rows)
    assert {
        "dev_cost",
        "dev_q50_bpp",
        "dev_q50_psnr",
        "dev_q50_ms_ssim",
        "dev_q50_ssimulacra2",
    } <= names


def test_its_files_travel_as_jpegs_that_tell_the_tables(workdir, photograph):
    method = method_by_name(str(workdir))
    x = photograph[:96, :96]
    sizes = [len(method.trip(x, quality).data) for quality in (1, 50, 100)]
    assert sizes == sorted(sizes)


def test_packed_weights_do_what_the_checkpoint_does(workdir, photograph):
    weights = packing.pack("tiny", [workdir], "two photographs")
    assert "photographs/" not in json.dumps(dict(weights.configs[2]))
    path = workdir / "tiny.safetensors"
    path.write_bytes(save_weights(weights))
    assert load_weights(str(path)).description["steps"] == {"2": 4}
    model = Model.load(str(path))
    x = photograph[:96, :96]
    for quality in (10, 80):
        trip = method_by_name(str(workdir)).trip(x, quality)
        compressed = model.cheapest(x, quality, ways=[Way(2)])
        np.testing.assert_array_equal(compressed.x_hat, trip.x_hat)
        marker = markers.attach(b"\xff\xd8", markers.find(compressed.data))
        assert len(compressed.data) == len(trip.data) + len(marker) - 2


def test_training_moves_both_networks_and_the_tables(workdir):
    trained = packing.pack("tiny", [workdir], "").variables[2]
    initial = loop.create_state(
        loop.create_networks(tiny_config().model.to_dict()), loop.create_optimizer(1, 0, 0, 1, 0), 0
    ).variables
    before, after = (dict(_named(variables)) for variables in (initial, trained))
    for part in ("com/offset", "com/growth", "com/trunk", "rec/_Trunk_0"):
        names = [name for name in before if part in name.replace("params/", "")]
        assert names
        assert any(np.abs(after[name] - before[name]).max() > 0 for name in names)


def test_a_run_begins_at_given_weights(workdir, tmp_path):
    packed = tmp_path / "start.safetensors"
    packed.write_bytes(save_weights(packing.pack("start", [workdir], "")))
    start = load_weights(str(packed)).variables[2]
    loop.train(tiny_config(init=str(packed), learning_rate=1e-9), tmp_path / "run")
    end = packing.pack("end", [tmp_path / "run"], "").variables[2]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), start, end)


def test_weights_of_other_networks_are_refused(workdir, tmp_path):
    packed = tmp_path / "start.safetensors"
    packed.write_bytes(save_weights(packing.pack("start", [workdir], "")))
    for overrides in ({"model.rec.features": 16}, {"model.scale": 1}):
        with pytest.raises(CheckpointError, match="other networks"):
            loop.train(tiny_config(init=str(packed), **overrides), tmp_path / "run")
        assert not (tmp_path / "run").exists()


def test_the_plain_view_is_judged_at_the_compact_images_size(photograph):
    x = images.to_float(jax.numpy.asarray(photograph[None, :64, :64]))
    halved = images.halve(x)
    objective = Objective(Distortion(squared_levels=1.0), plain_view=0.5, plain_colour=10.0)
    assert objective.plain_distortion(halved, x)[0] == 0.0
    # Half of: one level squared, and ten times the square of the colours' shift by one level.
    one_level_off = objective.plain_distortion(halved + 1 / 255, x)[0]
    np.testing.assert_allclose(one_level_off, 0.5 * (1 + 10), rtol=1e-3)
    # At full size, the photograph itself is what it should be.
    assert objective.plain_distortion(x, x)[0] == 0.0


def _named(variables):
    for path, leaf in jax.tree_util.tree_leaves_with_path(variables):
        keys = [str(getattr(k, "name", getattr(k, "key", k))) for k in path]
        yield "/".join(keys), np.asarray(leaf)


def test_decoder_only_leaves_comcnn_a_downscaling(tmp_path, photograph):
    config = tiny_config(**{"schedule": "decoder_only", "codec.tables": "standard"})
    loop.train(config, tmp_path)
    x = photograph[None, :32, :32]
    y = method_by_name(str(tmp_path))._pipeline.compact(x, np.ones((2, 8, 8), np.float32))
    expected = images.to_uint8(images.halve(images.to_float(jax.numpy.asarray(x))))
    assert np.abs(y.astype(int) - np.asarray(expected).astype(int)).max() <= 1
