"""Files are written whole, and as private as what they were made of."""

import os
import stat

import pytest

from jaxshrink import atomic
from jaxshrink.atomic import write_whole
from jaxshrink.errors import DataError

posix = pytest.mark.skipif(os.name != "posix", reason="file modes")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "photograph.png"
    path.write_bytes(b"photograph")
    os.utime(path, ns=(981_173_106_000_000_000, 981_173_106_123_456_789))
    return path


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o664, 0o400, 0o755])
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
def test_permissions_are_those_of_the_source(mode, mask, source, tmp_path):
    source.chmod(mode)
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "small.jpg", b"small", source)
        write_whole(tmp_path / "small.jpg", b"again", source)
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "small.jpg") == mode
    assert (tmp_path / "small.jpg").read_bytes() == b"again"


@posix
def test_a_private_photograph_is_at_no_time_readable(source, tmp_path, monkeypatch):
    source.chmod(0o600)
    seen = []

    def look(path, *arguments, **options):
        seen.extend(mode_of(other) for other in tmp_path.glob(".jaxshrink-*"))
        return real(path, *arguments, **options)

    for name in ("chmod", "utime", "replace"):
        real = getattr(os, name)
        with monkeypatch.context() as patch:
            patch.setattr(atomic.os, name, look)
            write_whole(tmp_path / "small.jpg", b"small", source)
    assert seen and set(seen) == {0o600}


@posix
def test_where_the_group_cannot_be_had_its_rights_are_not_given(source, tmp_path, monkeypatch):
    source.chmod(0o664)
    facts = list(source.stat())
    facts[5] += 1  # another group
    monkeypatch.setattr(atomic, "_facts", lambda path: os.stat_result(facts, {
        "st_atime_ns": 0, "st_mtime_ns": 0}))  # fmt: skip

    def refuse(*arguments):
        raise PermissionError

    monkeypatch.setattr(atomic.os, "chown", refuse)
    write_whole(tmp_path / "small.jpg", b"small", source)
    assert mode_of(tmp_path / "small.jpg") == 0o644


def test_times_are_those_of_the_source(source, tmp_path):
    write_whole(tmp_path / "small.jpg", b"small", source)
    assert (tmp_path / "small.jpg").stat().st_mtime_ns == source.stat().st_mtime_ns


@posix
def test_without_a_source_the_umask_counts(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "small.jpg", b"small", None)
        write_whole(tmp_path / "other.jpg", b"small", tmp_path / "gone.png")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "small.jpg") == mode_of(tmp_path / "other.jpg") == 0o640


def test_the_longest_name_can_be_written(source, tmp_path):
    path = tmp_path / ("n" * 251 + ".jpg")
    write_whole(path, b"small", source)
    assert path.read_bytes() == b"small"


def test_nothing_is_left_of_what_could_not_be_written(source, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        write_whole(tmp_path / "folder", b"small", source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", source.name]
