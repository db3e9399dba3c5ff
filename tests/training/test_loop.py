import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from configs import quick
from jaxshrink.errors import (
    CheckpointError,
    ConfigError,
    DivergenceError,
    GoalNotReachedError,
    InterruptedRunError,
)
from jaxshrink.models import create_networks
from jaxshrink.runs.workdir import latest_checkpoints
from jaxshrink.training import loop
from jaxshrink.training.log import RunLog
from jaxshrink.training.state import create_optimizer, create_state

REPOSITORY = Path(__file__).parents[2]


def tiny_config(**overrides):
    """Four steps of a tiny model on two photographs, with one evaluation at the end."""
    config = quick.get_config()
    config.model.com.features = config.model.rec.features = 4
    config.model.rec.num_layers = 3
    config.data.train = "packaged:dev"
    config.data.dev = config.data.test = "packaged:chelsea.png"
    config.data.crop = 16
    config.num_epochs = 16
    config.checkpoints.every_steps = 1
    config.evaluation.every_steps = 4
    config.evaluation.num_triptychs = 1
    config.logging.every_steps = 2
    config.update_from_flattened_dict(overrides)
    return config


def final_state(config, workdir):
    optimizer = create_optimizer(
        config.learning_rate, config.b1, config.b2, config.epsilon, config.l2
    )
    state = create_state(create_networks(config.model.to_dict()), optimizer, config.seed)
    store = latest_checkpoints(workdir)
    restored, info = store.restore(state)
    store.close()
    return restored, info["step"]


def metrics(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Four steps in one go."""
    workdir = tmp_path_factory.mktemp("unbroken")
    loop.train(tiny_config(), workdir)
    return workdir


def test_a_run_leaves_what_it_promises(unbroken):
    state, step = final_state(tiny_config(), unbroken)
    assert step == 4
    assert (state.com.num_updates, state.rec.num_updates) == (4, 4)
    rows = metrics(unbroken)
    assert [row["step"] for row in rows] == [2, 4, 4]
    assert set(rows[0]) == {"step", "com_loss", "com_clipped", "rec_loss"}
    assert set(rows[2]) == {"step", "dev_ms_ssim", "dev_psnr", "dev_bpp"}
    assert [path.name for path in (unbroken / "triptychs").iterdir()] == [
        "step_000004_00_chelsea.png"
    ]
    assert list((unbroken / "tensorboard").iterdir())


def test_interrupted_and_resumed_equals_unbroken_bit_for_bit(unbroken, tmp_path, monkeypatch):
    def add_and_signal(log, step, values):
        add(log, step, values)
        if step == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    add = RunLog.add
    monkeypatch.setattr(RunLog, "add", add_and_signal)
    # Only what the signal saves is there to resume from.
    config = tiny_config(**{"checkpoints.every_steps": 100})
    with pytest.raises(InterruptedRunError, match="after step 2 of 4"):
        loop.train(config, tmp_path)
    assert final_state(config, tmp_path)[1] == 2
    monkeypatch.setattr(RunLog, "add", add)
    loop.train(config, tmp_path)
    state, step = final_state(config, tmp_path)
    assert step == 4
    jax.tree.map(np.testing.assert_array_equal, state, final_state(tiny_config(), unbroken)[0])
    assert metrics(tmp_path) == metrics(unbroken)


KILLED_WHILE_SAVING = """
import os, signal, sys
sys.path.insert(0, {repository!r})
from pathlib import Path
from jaxshrink.runs.checkpoints import CheckpointStore
from jaxshrink.training import loop
from tests.training.test_loop import tiny_config

save = CheckpointStore.save
def save_and_die(store, step, state, info):
    if step == 2:
        store.wait()
    save(store, step, state, info)
    if step == 2:
        os.kill(os.getpid(), signal.SIGKILL)
CheckpointStore.save = save_and_die
loop.train(tiny_config(), Path({workdir!r}))
"""


def test_killed_while_saving_loses_nothing_but_the_last_save(unbroken, tmp_path):
    script = KILLED_WHILE_SAVING.format(repository=str(REPOSITORY), workdir=str(tmp_path))
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert final_state(tiny_config(), tmp_path)[1] in (1, 2)
    loop.train(tiny_config(), tmp_path)
    state, step = final_state(tiny_config(), tmp_path)
    assert step == 4
    jax.tree.map(np.testing.assert_array_equal, state, final_state(tiny_config(), unbroken)[0])
    assert [row["step"] for row in metrics(tmp_path)] == [2, 4, 4]


def test_a_finished_run_started_again_stays_as_it_is(unbroken):
    before = final_state(tiny_config(), unbroken)[0]
    loop.train(tiny_config(), unbroken)
    after = final_state(tiny_config(), unbroken)[0]
    jax.tree.map(np.testing.assert_array_equal, before, after)


def test_another_config_is_refused(unbroken):
    with pytest.raises(CheckpointError, match=r"learning_rate is 0\.0005 there and 0\.1"):
        loop.train(tiny_config(**{"learning_rate": 0.1}), unbroken)


def test_overlapped_updates_both_at_the_same_parameters(unbroken, tmp_path):
    """ComCNN's first update differs from the paper's order, RecCNN's does not."""
    config = {"num_epochs": 4, "evaluation.every_steps": 100}
    states = {}
    for schedule in ("alternating", "overlapped"):
        changed = tiny_config(**config, **{"schedule": schedule})
        loop.train(changed, tmp_path / schedule)
        states[schedule], step = final_state(changed, tmp_path / schedule)
        assert step == 1
    alternating, overlapped = states["alternating"], states["overlapped"]
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
        alternating.rec.params,
        overlapped.rec.params,
    )
    different = jax.tree.map(
        lambda a, b: np.abs(a - b).max() > 1e-6, alternating.com.params, overlapped.com.params
    )
    assert any(jax.tree.leaves(different))


def test_a_loss_that_is_not_finite_names_its_step(tmp_path):
    with pytest.raises(DivergenceError, match=r"_loss is (nan|inf) at step 1"):
        loop.train(tiny_config(**{"learning_rate": 1e30}), tmp_path)
    # The state of that step was not saved.
    assert latest_checkpoints(tmp_path).restore({}) is None


def test_a_goal_that_was_not_reached_is_an_error(unbroken, tmp_path):
    config = tiny_config(**{"evaluation.goal_ms_ssim": 0.9999})
    with pytest.raises(GoalNotReachedError, match=r"goal not reached: .*the goal is 0\.9999"):
        loop.train(config, tmp_path)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"batch_size": 12}, "batch_size=12 cannot be divided evenly among 8 devices"),
        (
            {"schedule": "random"},
            "schedule='random': must be one of 'alternating', 'overlapped', 'joint', 'decoder",
        ),
        ({"codec.quality": 0}, "codec.quality=0: must be from 1 to 100"),
        ({"evaluation.every_steps": 0}, "evaluation.every_steps=0: must be at least 1"),
        ({"evaluation.qualities": (50, 101)}, "evaluation.qualities=.*must be from 1 to 100"),
        ({"data.on_bad_file": "Skip"}, "data.on_bad_file='Skip': must be one of"),
        ({"model.channels": 4}, "model.channels=4: must be one of 1, 3"),
        ({"compute_dtype": "bf16"}, "must be one of 'float32', 'bfloat16'"),
        (
            {"evaluation.goal_ms_ssim": 0.9, "data.resize": 128},
            "a development image is too small",
        ),
        ({"codec.name": "gif"}, "unknown codec 'gif'"),
        ({"codec.tables": "learned"}, "codec.tables='learned': must be 'standard' but for"),
        ({"codec.qualities": (5, 50)}, "codec.qualities=.*must be empty for a codec other than"),
        ({"codec.model": "webp"}, "codec.model='webp': must be one of 'identity', 'jpeg'"),
        ({"loss.squared_error": 0.0}, "must be more than zero in one of its distortions"),
        ({"loss.ms_ssim": 1.0}, "data.crop=16: must be at least 161 for MS-SSIM"),
        ({"cosine_decay": True, "warmup_steps": 9}, "warmup_steps=9: must be less than the 4"),
    ],
)
def test_settings_that_cannot_work_end_before_anything_is_written(tmp_path, override, message):
    with pytest.raises(ConfigError, match=message):
        loop.train(tiny_config(**override), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def vgg_file(tmp_path):
    """The first two layers of a VGG, made up."""
    rng = np.random.default_rng(0)
    arrays = {}
    for place, num_in in ((0, 3), (2, 64)):
        kernel = rng.normal(0.0, (2 / (9 * num_in)) ** 0.5, (64, num_in, 3, 3))
        arrays[f"features.{place}.weight"] = kernel.astype(np.float32)
        arrays[f"features.{place}.bias"] = rng.normal(0.0, 0.1, 64).astype(np.float32)
    np.savez(tmp_path / "vgg.npz", **arrays)
    return str(tmp_path / "vgg.npz")


def test_pre_trained_features_are_a_loss_and_a_start(unbroken, tmp_path, vgg_file):
    overrides = {
        "features.file": vgg_file,
        "features.layers": ("conv1_1",),
        "features.initialize": True,
        "loss.features": 100.0,
        "model.rec.features": 64,
        "learning_rate": 1e-9,
        "num_epochs": 8,
    }
    config = tiny_config(**overrides)
    loop.train(config, tmp_path / "run")
    state, _ = final_state(config, tmp_path / "run")
    second = np.load(vgg_file)["features.2.weight"].transpose(2, 3, 1, 0)
    found = state.rec.params["ConvBlock_1"]["Conv_0"]["kernel"]
    np.testing.assert_allclose(found, second, atol=1e-6)
    # The last layer is zero at first: with and without features, x_hat is the same.
    assert metrics(tmp_path / "run")[0]["rec_loss"] > 1.1 * metrics(unbroken)[0]["rec_loss"]


def test_a_file_of_another_layout_is_refused_before_anything_is_written(tmp_path):
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    config = tiny_config(**{"features.file": str(tmp_path / "other.npz"), "loss.features": 1.0})
    with pytest.raises(CheckpointError, match=r"features\.0\.weight is missing"):
        loop.train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
