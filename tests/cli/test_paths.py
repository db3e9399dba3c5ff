"""Which files a command reads, and where each result goes."""

import os
from pathlib import Path

import pytest
from PIL import Image

from jaxshrink.cli.paths import exists, plan, read_file
from jaxshrink.errors import ConfigError, DataError

JPEG = b"\xff\xd8\xff\xe0" + bytes(60)
as_user = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(JPEG)
    return folder


def planned(*inputs, recursive=True, listed=(), suffix=".jpg", folder="out"):
    return plan(
        [str(name) for name in inputs],
        None,
        Path(folder),
        recursive=recursive,
        suffix_of=lambda source: suffix,
        listed=[str(name) for name in listed],
    )


def targets(found, folder="out"):
    return {job.source.name: job.target.relative_to(folder).as_posix() for job in found.jobs}


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["a.png"], {"a.png": "a.jpg"}),
        (["a.jpg", "a.png"], {"a.jpg": "a.jpg", "a.png": "a.png.jpg"}),
        # Who has its name already keeps it, though it is sorted behind the other.
        (["a.avif", "a.jpg"], {"a.avif": "a.avif.jpg", "a.jpg": "a.jpg"}),
        (["a.JPG", "a.png"], {"a.JPG": "a.jpg", "a.png": "a.png.jpg"}),
        (["a.png", "a.webp"], {"a.png": "a.jpg", "a.webp": "a.webp.jpg"}),
        (
            ["a.jpg", "a.png", "a.png.jpg"],
            {"a.jpg": "a.jpg", "a.png": "a-2.jpg", "a.png.jpg": "a.png.jpg"},
        ),
        (["a.jpeg", "a.jpg"], {"a.jpeg": "a.jpeg.jpg", "a.jpg": "a.jpg"}),
        (["A.jpg", "a.jpg"], {"A.jpg": "A.jpg", "a.jpg": "a-2.jpg"}),
        (
            ["e\u0301.jpg", "\u00e9.jpg"],
            {"e\u0301.jpg": "e\u0301.jpg", "\u00e9.jpg": "\u00e9-2.jpg"},
        ),
        (["no suffix", "v1.2 final"], {"no suffix": "no suffix.jpg"}),
    ],
)
def test_every_photograph_has_a_name_of_its_own(names, wanted, tmp_path):
    make(tmp_path, *names)
    if len(list(tmp_path.iterdir())) < len(names):
        pytest.skip("a file system that takes these names for one")
    assert targets(planned(tmp_path)) == wanted


def test_a_name_of_no_picture_keeps_what_follows_its_dot(tmp_path):
    make(tmp_path, "Mr. Smith")
    assert targets(planned(tmp_path / "Mr. Smith")) == {"Mr. Smith": "Mr. Smith.jpg"}


def test_one_name_in_two_folders_is_refused(tmp_path):
    make(tmp_path, "a/x.jpg", "b/x.jpg")
    with pytest.raises(ConfigError, match=r"x\.jpg would both become one file below out"):
        planned(tmp_path / "a" / "x.jpg", tmp_path / "b" / "x.jpg")
    assert len(planned(tmp_path / "a", tmp_path / "a" / "x.jpg").jobs) == 1  # the same file


def test_what_is_left_out_is_told(tmp_path):
    make(tmp_path, "a.jpg", "b.NEF", "c.jxl", "d.txt", ".hidden.jpg", ".git/x.jpg", "e.jpg.part")
    (tmp_path / "tickets.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "clip").write_bytes(bytes.fromhex("000001b31400f013"))
    (tmp_path / "empty.txt").write_bytes(b"")
    found = planned(tmp_path)
    planned_targets = targets(found)
    planned_targets.pop("c.jxl", None)  # where its extra is installed
    assert planned_targets == {"a.jpg": "a.jpg"}
    left = {item.path.name: (item.kind, item.is_picture) for item in found.left_out}
    left.pop("c.jxl", None)  # where it is not
    assert left == {
        "b.NEF": ("raw", True),
        "d.txt": ("JPEG by another name", True),
        "e.jpg.part": ("JPEG by another name", True),
        ".hidden.jpg": ("hidden", False),
        ".git": ("hidden folder", False),
        "tickets.pdf": ("PDF", False),
        "clip": ("film", False),
        "empty.txt": ("other", False),
    }


def test_a_folder_without_photographs_does_not_stop_the_others(tmp_path):
    make(tmp_path, "a/x.jpg", "c/deeper/y.jpg")
    (tmp_path / "b").mkdir()
    found = planned(tmp_path / "a", tmp_path / "b", tmp_path / "none.jpg", recursive=False)
    assert targets(found) == {"x.jpg": "x.jpg"}
    (b, missing) = found.failed
    assert b[0] == str(tmp_path / "b") and "-r looks into the folders inside" in str(b[1])
    assert "no such file or folder" in str(missing[1])
    with pytest.raises(DataError, match=r"c: no images in this folder; -r .* \(left out: folder\)"):
        planned(tmp_path / "c", recursive=False)
    with pytest.raises(DataError, match="b: no images in this folder; and 1 more"):
        planned(tmp_path / "b", tmp_path / "none.jpg")


def test_names_that_cannot_be_are_failures_of_their_own(tmp_path):
    make(tmp_path, "a.jpg")
    found = planned(tmp_path / "a.jpg", "x" * 5000, tmp_path / "a.jpg" / "b", "zero\0byte")
    assert targets(found) == {"a.jpg": "a.jpg"}
    assert len(found.failed) == 3


@pytest.mark.skipif(os.name != "posix", reason="names as bytes")
def test_names_that_are_no_utf_8_are_read(tmp_path):
    make(tmp_path, os.fsdecode(b"caf\xe9.jpg"), "line\nbreak.jpg", " .jpg", "-rf.jpg")
    assert len(planned(tmp_path).jobs) == 4


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_links_are_followed_once(tmp_path):
    make(tmp_path, "in/a.jpg", "in/b/c.jpg", "elsewhere/d.jpg")
    root = tmp_path / "in"
    (root / "b" / "up").symlink_to(root)
    (root / "again").symlink_to(root / "b")
    (root / "other").symlink_to(tmp_path / "elsewhere")
    (root / "link.jpg").symlink_to(root / "a.jpg")
    (root / "nothing.jpg").symlink_to(root / "nowhere")
    (root / "self.jpg").symlink_to(root / "self.jpg")
    found = planned(root)
    names = sorted(job.target.as_posix() for job in found.jobs)
    assert names == ["out/a.jpg", "out/b/c.jpg", "out/link.jpg", "out/other/d.jpg"]
    failed = {Path(name).name for name, _ in found.failed}
    assert failed == {"nothing.jpg", "self.jpg"}


def test_an_output_folder_inside_is_not_read(tmp_path):
    make(tmp_path, "a.jpg", "out/b.jpg")
    found = planned(tmp_path, folder=tmp_path / "out")
    assert targets(found, tmp_path / "out") == {"a.jpg": "a.jpg"} and not found.left_out
    with pytest.raises(ConfigError, match="cannot be read and written at once"):
        planned(tmp_path, folder=tmp_path)


@as_user
def test_a_folder_that_cannot_be_read_is_a_failure(tmp_path):
    make(tmp_path, "a.jpg", "locked/b.jpg")
    (tmp_path / "locked").chmod(0)
    try:
        found = planned(tmp_path)
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert targets(found) == {"a.jpg": "a.jpg"}
    assert "locked" in found.failed[0][0] and "Permission denied" in str(found.failed[0][1])


def test_listed_paths_are_kept_below_the_output_folder(tmp_path, monkeypatch):
    make(tmp_path, "a/x.jpg", "b/x.jpg", "c/d/y.jpg")
    monkeypatch.chdir(tmp_path)
    found = planned(listed=["a/x.jpg", "./b/../b/x.jpg", tmp_path / "c" / "d" / "y.jpg"])
    wanted = Path("out", *(tmp_path / "c" / "d" / "y.jpg").parts[1:])
    assert [job.target for job in found.jobs] == [Path("out/a/x.jpg"), Path("out/b/x.jpg"), wanted]
    monkeypatch.chdir(tmp_path / "a")
    assert [job.target for job in planned(listed=["../b/x.jpg"]).jobs] == [Path("out/x.jpg")]
    assert [job.target.as_posix() for job in planned(listed=["../c"]).jobs] == ["out/c/d/y.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="FIFOs")
def test_nothing_waits_for_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "p.jpg")
    with pytest.raises(DataError, match="a device or a pipe, no file"):
        read_file(tmp_path / "p.jpg")
    assert not exists(tmp_path / "p.jpg")
    make(tmp_path, "a.jpg")
    found = planned(tmp_path)
    assert [(item.path.name, item.kind) for item in found.left_out] == [("p.jpg", "device or pipe")]


def test_a_file_larger_than_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(2**31 + 1)  # takes no room
    with pytest.raises(DataError, match="has more than 2147483648 bytes"):
        read_file(tmp_path / "a.jpg")
    with pytest.raises(DataError, match="No such file"):
        read_file(tmp_path / "none.jpg")


def test_a_photograph_by_another_name_is_a_photograph(tmp_path, photograph):
    Image.fromarray(photograph[:20, :20]).save(tmp_path / "a", "PNG")
    assert targets(planned(tmp_path)) == {"a": "a.jpg"}
