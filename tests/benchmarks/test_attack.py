"""A smaller run of `benchmarks.attack`; and that it sees a fault where there is one."""

import os

import pytest

from benchmarks import attack
from jaxshrink.errors import DataError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits and signals")


@pytest.fixture(scope="module")
def arsenal(tmp_path_factory):
    return attack.Arsenal(tmp_path_factory.mktemp("arsenal"))


def test_nothing_but_documented_ends(arsenal):
    counts, faults = attack.attack(arsenal, 250, 6, seed=7, jobs=2, only=None)
    assert faults == []
    assert sum(counts.values()) == 250
    assert {what for what, _ in counts} >= set(attack._READERS)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ValueError("odd"), "ValueError: odd"),
        (DataError("two\nlines"), "several lines"),
        (DataError("one line"), ""),
    ],
)
def test_an_error_that_is_none_of_ours_is_a_fault(arsenal, monkeypatch, raised, told):
    def read(*_):
        raise raised

    monkeypatch.setattr(attack, "_READERS", {"photograph": read})
    _, outcome = attack.attack_reader(arsenal, 0, 1)
    assert told in outcome.fault and bool(told) == bool(outcome.fault)


def test_a_command_that_changes_its_input_is_a_fault(arsenal, monkeypatch):
    def change(arsenal, rng, folder):
        (folder / "in").mkdir()
        (folder / "in" / "a.png").write_bytes(b"before")
        return ["models"]

    def run(arsenal, arguments, trouble, folder):
        (folder / "in" / "a.png").write_bytes(b"after")
        (folder / "beside").write_bytes(b"new")
        return attack._Ended(1, 0.1, 10**6, "", "Traceback (most recent call last):")

    monkeypatch.setattr(attack, "_command", change)
    monkeypatch.setattr(attack, "_run", run)
    _, outcome = attack.attack_command(arsenal, 0, 1)
    for fault in ("code 1", "a traceback", "a.png", "beside"):
        assert fault in outcome.fault
