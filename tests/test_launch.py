"""The whole road by the command line, and its messages."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from tests.training.test_loop import final_state, metrics, tiny_config

REPOSITORY = Path(__file__).parents[1]
# What `tiny_config` changes, as a command line says it.
TINY = [
    "--config=configs/quick.py",
    "--config.model.com.features=4",
    "--config.model.rec.features=4",
    "--config.model.rec.num_layers=3",
    "--config.data.train=packaged:dev",
    "--config.data.dev=packaged:chelsea.png",
    "--config.data.test=packaged:chelsea.png",
    "--config.data.crop=16",
    "--config.num_epochs=16",
    "--config.checkpoints.every_steps=1",
    "--config.evaluation.every_steps=4",
    "--config.evaluation.num_triptychs=1",
    "--config.logging.every_steps=2",
]


def environment(devices: int) -> dict[str, str]:
    flags = f"--xla_force_host_platform_device_count={devices}"
    return {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}


def launch(*arguments: str, devices: int = 1) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "launch.py", *arguments],
        cwd=REPOSITORY,
        env=environment(devices),
        capture_output=True,
        text=True,
    )


def test_train_then_evaluate_on_another_number_of_devices(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    workdir = f"--workdir={tmp_path}"
    trained = launch(*TINY, workdir, "--config.evaluation.after_training=False", devices=2)
    assert trained.returncode == 0, trained.stderr
    assert any((tmp_path / "caches" / "jaxshrink").iterdir())
    qualities = "--config.evaluation.qualities=20,80"
    evaluated = launch(*TINY, workdir, "--mode=evaluate", qualities, devices=1)
    assert evaluated.returncode == 0, evaluated.stderr

    summary = json.loads((tmp_path / "evaluation" / "summary.json").read_text())
    assert set(summary["sweep"]) == {"20", "50", "80"}
    for table in (summary, *summary["sweep"].values()):
        for cohort, num_images in {"train": 2, "dev": 1, "test": 1}.items():
            assert set(table[cohort]) == {"model", "bicubic", "jpeg_q75", "jpeg_equal_bytes"}
            for row in table[cohort].values():
                assert row["num_images"] == num_images
                assert 0.3 < row["ms_ssim"] < 1.0
                assert 10.0 < row["psnr"] < 60.0
                assert 0.0 < row["bpp"] < 3.0
    assert summary["test"] == summary["sweep"]["50"]["test"]
    bpp = [summary["sweep"][q]["test"]["model"]["bpp"] for q in ("20", "50", "80")]
    assert bpp == sorted(bpp)
    equal = summary["test"]["jpeg_equal_bytes"]["bpp"]
    assert equal <= summary["test"]["model"]["bpp"]

    per_image = json.loads((tmp_path / "evaluation" / "per_image.json").read_text())
    row = per_image["50"]["test"]["chelsea.png"]["model"]
    assert row["bpp"] == 8 * row["num_bytes"] / (451 * 300)
    assert (tmp_path / "evaluation" / "triptychs" / "00_chelsea.png").is_file()
    assert "plain codec, equal bytes" in evaluated.stdout
    assert f"{summary['test']['model']['ms_ssim']:.4f}" in evaluated.stdout


def test_two_processes_train_like_one(tmp_path):
    """Gloo on one host; the parameters agree as far as the order of summation lets them."""
    workdirs = [tmp_path / "two", tmp_path / "one"]
    no_evaluation = "--config.evaluation.after_training=False"
    port = 20000 + os.getpid() % 20000
    with open(tmp_path / "log", "w+") as log:
        processes = [
            subprocess.Popen(
                [
                    *[sys.executable, "launch.py", *TINY, no_evaluation],
                    *[f"--workdir={workdirs[0]}", "--distributed", "--num_processes=2"],
                    *[f"--coordinator=127.0.0.1:{port}", f"--process_id={index}"],
                ],
                cwd=REPOSITORY,
                env=environment(2),
                stdout=log,
                stderr=log,
            )
            for index in range(2)
        ]
        codes = [process.wait(timeout=900) for process in processes]
        log.seek(0)
        assert codes == [0, 0], log.read()
    alone = launch(*TINY, no_evaluation, f"--workdir={workdirs[1]}")
    assert alone.returncode == 0, alone.stderr
    (two, steps), (one, _) = (final_state(tiny_config(), workdir) for workdir in workdirs)
    assert steps == 4
    rows = [metrics(workdir) for workdir in workdirs]
    assert rows[0][0] == pytest.approx(rows[1][0], rel=1e-5)
    for a, b in zip(jax.tree.leaves(two), jax.tree.leaves(one), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4 * max(1.0, np.abs(b).max()))


def test_an_interrupt_has_its_own_exit_code_and_the_same_command_continues(tmp_path):
    command = [*TINY, f"--workdir={tmp_path}", "--config.num_epochs=100000"]
    process = subprocess.Popen(
        [sys.executable, "launch.py", *command],
        cwd=REPOSITORY,
        env=environment(1),
        stderr=subprocess.PIPE,
        text=True,
    )
    # The first line of metrics shows that it is training.
    while process.poll() is None and not (tmp_path / "metrics.jsonl").exists():
        time.sleep(0.05)
    while process.poll() is None and not (tmp_path / "metrics.jsonl").read_text():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 75, errors
    assert "the same command continues" in errors.splitlines()[-1]
    config = tiny_config(**{"num_epochs": 100000})
    assert final_state(config, tmp_path)[1] >= 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["--config=configs/quick.py", "--config.batchsize=4"],
            2,
            "no such field in the config: batchsize; did you mean batch_size?",
        ),
        (["--config=configs/nothing.py"], 2, "configs/nothing.py"),
        (["--config=configs/quick.py", "--config.seed=many"], 2, "many"),
        ([], 2, "config"),
        (
            [
                "--config=configs/quick.py",
                "--config.data.train=nowhere",
                "--config.batch_size=6",
            ],
            3,
            "nowhere",
        ),
        (["--config=configs/quick.py", "--config.data.root=."], 2, "does not follow data.root"),
        (
            ["--config=configs/codec_aware.py", "--config.data.root=tests"],
            3,
            "expects food5k/train below data.root, or --config.data.train=",
        ),
        (["--config=configs/quick.py", "--mode=evaluate"], 4, "no training run here"),
        (["--config=configs/quick.py", "--config.batch_size=7"], 2, "3 devices"),
        (["--config=configs/paper_variants.py:plane"], 2, "no row 'plane' in"),
        (
            [
                "--config=configs/quick.py",
                "--config.features.file=README.md",
                "--config.loss.features=1",
                "--config.batch_size=6",
            ],
            4,
            "README.md: no weights",
        ),
    ],
)
def test_bad_input_gets_one_clear_line_and_its_exit_code(tmp_path, arguments, code, message):
    result = launch(*arguments, f"--workdir={tmp_path}", devices=3)
    assert result.returncode == code, result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last
    assert "Traceback" not in result.stderr
