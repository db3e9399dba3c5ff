"""Executables that are kept from run to run."""

import os
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink.compression.model import Model
from jaxshrink.runtime import executables


@pytest.fixture
def folder(tmp_path):
    executables.keep_executables(tmp_path)
    yield tmp_path
    executables.keep_executables(None)


def traced(num_static=0):
    """A function that counts how often it is traced."""
    calls = []

    def scaled(factor, tree):
        calls.append(factor)
        return factor * tree["x"] + tree["y"]

    return executables.Precompiled(scaled, num_static), calls


def arguments(length):
    return {"x": np.arange(length, dtype=np.float32), "y": jnp.ones(length)}


def test_a_second_run_neither_traces_nor_compiles(folder):
    first, _ = traced(num_static=1)
    expected = np.arange(4) * 3.0 + 1
    np.testing.assert_array_equal(first(3.0, arguments(4)), expected)
    second, calls = traced(num_static=1)
    np.testing.assert_array_equal(second(3.0, arguments(4)), expected)
    assert calls == []


@pytest.mark.parametrize("factor, length", [(2.0, 4), (3.0, 5)])
def test_another_shape_or_static_argument_is_another_executable(folder, factor, length):
    traced(num_static=1)[0](3.0, arguments(4))
    second, calls = traced(num_static=1)
    expected = np.arange(length) * factor + 1
    np.testing.assert_array_equal(second(factor, arguments(length)), expected)
    assert calls == [factor]


@pytest.mark.parametrize("damage", [lambda data: data[:50], lambda data: b"", lambda data: b"x"])
def test_a_damaged_one_is_written_anew(folder, damage):
    traced(num_static=1)[0](3.0, arguments(4))
    (entry,) = folder.iterdir()
    whole = entry.stat().st_size
    entry.write_bytes(damage(entry.read_bytes()))
    second, calls = traced(num_static=1)
    np.testing.assert_array_equal(second(3.0, arguments(4)), np.arange(4) * 3.0 + 1)
    assert calls == [3.0]
    assert [path.stat().st_size for path in folder.iterdir()] == [pytest.approx(whole, rel=0.1)]


def test_without_a_folder_nothing_is_written(tmp_path):
    function, calls = traced(num_static=1)
    for _ in range(2):
        function(3.0, arguments(4))
    assert calls == [3.0]


def test_where_nothing_can_be_written_it_computes_all_the_same(folder):
    (folder / "file").write_bytes(b"")
    executables.keep_executables(folder / "file")  # a name of a folder that is none
    function, _ = traced(num_static=1)
    np.testing.assert_array_equal(function(3.0, arguments(4)), np.arange(4) * 3.0 + 1)
    assert [path.name for path in folder.iterdir()] == ["file"]


_SCRIPT = """
import numpy as np
from jaxshrink.runtime.compile_cache import keep_executables
keep_executables()
from jaxshrink.inference import tiled_metrics
x = np.random.default_rng(0).integers(0, 256, (180, 200, 3)).astype(np.uint8)
print(tiled_metrics.similarity(x, x // 2))
"""


def test_another_process_finds_what_the_first_one_left(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}

    def run():
        command = [sys.executable, "-c", _SCRIPT]
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        entries = {entry: entry.stat().st_mtime_ns for entry in tmp_path.glob("*/*")}
        return ended.stdout, ended.stderr, entries

    first, second = run(), run()
    assert first[2]
    assert first == second


_EXPAND = """
import sys
from jaxshrink.cli.main import main
assert main(["expand", sys.argv[1], "-o", sys.argv[2]]) == 0
print("flax" in sys.modules)
"""


def test_a_second_command_builds_no_module(photograph, tmp_path):
    """Flax takes a seventh of the time that a small photograph takes."""
    file = tmp_path / "x.jpg"
    file.write_bytes(Model.load().encode(photograph[:96, :96], 40, 2))
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", _EXPAND, str(file), str(tmp_path / "x.png")]
    runs = [
        subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        for _ in range(2)
    ]
    assert [run.stdout.split()[-1] for run in runs] == ["True", "False"]
