"""Where compiled functions are kept, and where they are not."""

import os
import subprocess
import sys

import jax
import pytest

from jaxshrink.runtime import executables
from jaxshrink.runtime.compile_cache import keep_compiled, keep_executables

_SETTING = "jax_compilation_cache_dir"


@pytest.fixture(autouse=True)
def no_cache_yet():
    before = getattr(jax.config, _SETTING)
    jax.config.update(_SETTING, None)
    yield
    jax.config.update(_SETTING, before)


def test_it_is_in_the_users_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    keep_compiled()
    assert getattr(jax.config, _SETTING) == str(tmp_path / "caches" / "jaxshrink")
    assert (tmp_path / "caches" / "jaxshrink").is_dir()


def test_a_place_that_jax_was_told_stays_as_it_is():
    jax.config.update(_SETTING, "gs://bucket/compiled")
    keep_compiled()
    assert getattr(jax.config, _SETTING) == "gs://bucket/compiled"


def test_a_time_that_jax_was_told_stays_as_it_is(monkeypatch):
    name = "jax_persistent_cache_min_compile_time_secs"
    before = getattr(jax.config, name)
    monkeypatch.setenv(name.upper(), "7")
    jax.config.update(name, 7.0)
    keep_compiled()
    told = getattr(jax.config, name)
    jax.config.update(name, before)
    assert told == 7.0


def test_without_a_home_there_is_none(monkeypatch, caplog):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)  # of no user
    keep_compiled()
    assert getattr(jax.config, _SETTING) is None
    assert "compiled functions are not kept" in caplog.text


def test_where_nothing_can_be_written_there_is_none(tmp_path, monkeypatch, caplog):
    (tmp_path / "caches").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    keep_compiled()
    assert getattr(jax.config, _SETTING) is None
    assert "compiled functions are not kept" in caplog.text


@pytest.mark.parametrize("place", ["", "caches"])
def test_a_relative_place_is_ignored(tmp_path, monkeypatch, place):
    monkeypatch.setenv("XDG_CACHE_HOME", place)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    keep_compiled()
    assert getattr(jax.config, _SETTING) == str(tmp_path / "home" / ".cache" / "jaxshrink")


def test_a_place_that_others_can_write_to_holds_no_code_of_ours(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "jaxshrink").mkdir()
    (tmp_path / "jaxshrink").chmod(0o777)
    keep_compiled()
    assert getattr(jax.config, _SETTING) is None
    assert "others can write to it" in caplog.text


_SCRIPT = """
import os
import subprocess
import sys
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
from jaxshrink.runtime.compile_cache import keep_compiled
import jax
keep_compiled()
print(jax.jit(lambda x: x + 1)(1))
"""


def test_a_damaged_entry_is_healed_without_a_word(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}

    def run():
        command = [sys.executable, "-c", _SCRIPT]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=True)

    run()
    entries = list((tmp_path / "jaxshrink").iterdir())
    before = {entry: entry.stat().st_size for entry in entries}
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:20])
    ended = run()
    assert (ended.stdout, ended.stderr) == ("2\n", "")
    assert {entry: entry.stat().st_size for entry in entries} == before


def test_it_does_not_grow_for_ever(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("jaxshrink.runtime.compile_cache._MAX_BYTES", 1000)
    folder = tmp_path / "jaxshrink"
    folder.mkdir()
    for age in range(8):
        (folder / f"{age}").write_bytes(bytes(200))
        os.utime(folder / f"{age}", (10**9 - age, 10**9 - age))
    keep_compiled()
    assert {path.name for path in folder.iterdir()} == {"0", "1"}


@pytest.fixture
def executables_kept(monkeypatch):
    """Where executables are kept, as `keep_executables` has it; JAX's switch as it was."""
    before = jax.config.jax_enable_compilation_cache
    # Whatever commands that ran in this process have left.
    jax.config.update("jax_enable_compilation_cache", True)
    executables.keep_executables(None)
    yield lambda: executables._folder
    jax.config.update("jax_enable_compilation_cache", before)
    executables.keep_executables(None)


def test_the_tool_keeps_executables_in_place_of_jaxs_cache(tmp_path, monkeypatch, executables_kept):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    keep_executables()
    assert executables_kept() == tmp_path / "jaxshrink"
    assert not jax.config.jax_enable_compilation_cache


def test_the_tool_keeps_them_where_jax_was_told_to(tmp_path, executables_kept):
    jax.config.update(_SETTING, str(tmp_path))
    keep_executables()
    assert executables_kept() == tmp_path


def test_the_tool_leaves_a_remote_cache_to_jax(executables_kept):
    jax.config.update(_SETTING, "gs://bucket/compiled")
    keep_executables()
    assert executables_kept() is None
    assert jax.config.jax_enable_compilation_cache


def test_the_tool_keeps_nothing_where_jax_may_not(tmp_path, monkeypatch, executables_kept):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    jax.config.update("jax_enable_compilation_cache", False)
    keep_executables()
    assert executables_kept() is None
