"""A batch: what it writes to, what it says, and what cannot end it."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from jaxshrink import __version__
from jaxshrink.cli.arguments import size
from jaxshrink.cli.batch import BatchError, Manners, Output, run_batch
from jaxshrink.cli.main import main
from jaxshrink.cli.paths import Job, Plan
from jaxshrink.errors import DataError, TargetError

posix = pytest.mark.skipif(os.name != "posix", reason="links, FIFOs, signals")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"photograph")
    return path


def copy(job):
    data = job.read()
    return Output(data, len(data), "copied")


def plan_of(*pairs, exact=False):
    return Plan(tuple(Job(source, target, exact) for source, target in pairs))


def kept(suffix):
    """Work that keeps the photograph, under this suffix."""

    def work(job):
        data = job.read()
        return Output(data, len(data), "kept", kind="kept", notes=("as it was",), suffix=suffix)

    return work


@posix
def test_a_fifo_is_written_through(source, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    run_batch(plan_of((source, fifo), exact=True), copy, Manners(keep_existing="refuse"))
    reader.join()
    assert read == [b"photograph"] and stat.S_ISFIFO(fifo.stat().st_mode)


@posix
def test_a_device_is_written_through(source, tmp_path):
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 3))
        device.write_bytes(b"")
    except OSError:
        pytest.skip("may not make devices here")
    run_batch(plan_of((source, device), exact=True), copy, Manners())
    assert stat.S_ISCHR(device.stat().st_mode)


@posix
@pytest.mark.parametrize("before", [b"there", None])
def test_a_link_is_followed(before, source, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real.jpg", tmp_path / "link.jpg"
    if before is not None:
        real.write_bytes(before)
    link.symlink_to(real)
    run_batch(plan_of((source, link)), copy, Manners())
    assert link.is_symlink() and real.read_bytes() == b"photograph"
    assert os.listdir(tmp_path / "elsewhere") == ["real.jpg"]


def test_what_is_kept_has_a_suffix_that_fits(source, tmp_path, capsys):
    run_batch(plan_of((source, tmp_path / "out" / "a.jpg")), kept(".png"), Manners())
    assert os.listdir(tmp_path / "out") == ["a.png"]
    assert f"{tmp_path}/out/a.png: kept; as it was" in capsys.readouterr().out
    # It is there, to the next run.
    manners = Manners(keep_existing="skip", loudness="verbose")
    run_batch(plan_of((source, tmp_path / "out" / "a.jpg")), fail, manners)
    assert "a.png is there" in capsys.readouterr().out


def fail(job):
    raise AssertionError


@pytest.mark.parametrize("exact", [False, True])
def test_what_is_kept_replaces_nothing(exact, source, tmp_path):
    """Neither a photograph nor another's result; a name that the user gave stands."""
    other = tmp_path / "b.png"
    other.write_bytes(b"other")
    pairs = ((source, tmp_path / "a.jpg"), (other, tmp_path / "out" / "a.png"))
    run_batch(plan_of(*pairs, exact=exact), kept(".png"), Manners())
    assert source.read_bytes() == b"photograph"
    assert (tmp_path / ("a.jpg" if exact else "a.jpg.png")).read_bytes() == b"photograph"
    assert (tmp_path / "out" / "a.png").read_bytes() == b"other"


@pytest.mark.parametrize("num_jobs", [1, 3])
def test_the_exit_code_is_that_of_the_first_failure(num_jobs, tmp_path):
    """First by name, whichever thread is done first."""
    last_is_done = threading.Event()

    def work(job):
        if job.source.name == "0":
            if num_jobs > 1:
                last_is_done.wait(60)
            raise TargetError("no file is so small")
        last_is_done.set()
        raise DataError("broken")

    pairs = [(tmp_path / name, tmp_path / "out" / name) for name in "012"]
    with pytest.raises(BatchError, match=r"3 of 3 files failed:\n  .*0: no file is so") as error:
        run_batch(plan_of(*pairs), work, Manners(num_jobs))
    assert error.value.exit_code == TargetError.exit_code


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (MemoryError(), 3, "not enough memory for it"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory"), 3, "not enough memory for it"),
        (PermissionError(13, "Permission denied", "x"), 3, "x: Permission denied"),
        (ZeroDivisionError("x"), 1, "unexpected error (ZeroDivisionError: x)"),
        (DataError("a\nb\x1b"), 3, r"a\nb\x1b"),
    ],
)
def test_what_fails_is_one_line(error, code, message, source, tmp_path):
    def work(job):
        raise error

    with pytest.raises(BatchError) as end:
        run_batch(plan_of((source, tmp_path / "x")), work, Manners())
    assert end.value.exit_code == code
    assert str(end.value).startswith(f"{source}: {message}") and "\n" not in str(end.value)


def test_an_unwritable_place_is_a_failure_of_each(source, tmp_path):
    for target in (source / "x.jpg", tmp_path, tmp_path / ("x" * 300)):
        with pytest.raises(BatchError) as end:
            run_batch(plan_of((source, target)), copy, Manners())
        assert end.value.exit_code == DataError.exit_code
    assert sorted(os.listdir(tmp_path)) == ["a.png"]


def test_a_long_name_can_be_written(source, tmp_path):
    target = tmp_path / ("x" * 251 + ".jpg")
    run_batch(plan_of((source, target)), copy, Manners())
    assert target.read_bytes() == b"photograph"


@pytest.mark.parametrize("loudness", ["quiet", "normal", "verbose"])
def test_loudness(loudness, source, tmp_path, capsys):
    from jaxshrink.cli.folders import LeftOut

    left = (LeftOut(Path("b.nef"), "raw", "develop it first", True), LeftOut(Path("c"), "other"))
    pairs = ((source, tmp_path / "x.jpg"),)
    plan = Plan(plan_of(*pairs).jobs, left, (("d.jpg", DataError("no such file")),))
    with pytest.raises(BatchError, match=r"1 of 2 files failed:\n  d.jpg: no such file"):
        run_batch(plan, copy, Manners(loudness=loudness))
    told = capsys.readouterr().out
    assert ("b.nef: left out (raw; develop it first)" in told) == (loudness != "quiet")
    assert ("c: left out (other)" in told) == (loudness == "verbose")
    assert ("4 files: 1 written, 2 left out, 1 failed; 10 bytes -> 10 bytes" in told) == (
        loudness != "quiet"
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("20000", 20000), ("20k", 20000), ("1.5M", 1500000), ("64KiB", 65536)],
        *[("2 MB", 2000000), ("1g", 10**9), (".5k", 500), ("7b", 7)],
    ],
)
def test_sizes(text, number):
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "k", "-1", "0", "1.5.2k", "20q", "1e3", "0.0001k", "x"])
def test_wrong_sizes_end_with_2(text, capsys):
    with pytest.raises(SystemExit) as end:
        main(["compress", "x.png", "-d", "out", f"--target-size={text}"])
    assert end.value.code == 2
    assert "--target-size: expected " in capsys.readouterr().err


def test_version_and_nothing_to_do(capsys, tmp_path):
    with pytest.raises(SystemExit):
        main(["-V"])
    assert capsys.readouterr().out == f"{__version__}\n"
    assert main(["compress", "-d", str(tmp_path)]) == 2
    assert "name files or folders to read, or --files-from" in capsys.readouterr().err
    assert main(["compress", "-d", str(tmp_path), "--files-from", str(tmp_path / "x")]) == 3


@pytest.mark.parametrize("separator", [b"\n", b"\r\n", b"\0"])
def test_a_list_of_files(separator, model_file, photograph, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = [b"in/a.png", b"in/deeper/a.png", b"in/none.png"]
    for name in names[:2]:
        Path(os.fsdecode(name)).parent.mkdir(exist_ok=True)
        Image.fromarray(photograph[:30, :40]).save(os.fsdecode(name))
    Path("list").write_bytes(separator.join(names) + separator)
    told = ("compress", "-d", "out", "-e", "1", "--model", str(model_file), "--files-from", "list")
    assert main(told) == 3
    assert Path("out/in/a.jpg").is_file() and Path("out/in/deeper/a.jpg").is_file()
    output = capsys.readouterr()
    assert "1 of 3 files failed:\n  in/none.png: no such file or folder" in output.err
    assert output.out.splitlines()[-1].startswith("3 files: 2 written, 1 failed; ")


# A shell's background jobs ignore interrupts.
_SCRIPT = """
import signal, sys
from jaxshrink.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


@pytest.fixture
def command(model_file, photograph, tmp_path):
    """A command in a process of its own over four photographs, and where it writes."""
    (tmp_path / "in").mkdir()
    for name in "1234":
        Image.fromarray(photograph[:30, :40]).save(tmp_path / "in" / f"{name}.png")
    line = [sys.executable, "-c", _SCRIPT, "compress", str(tmp_path / "in")]
    line += ["-e", "1", "--model", str(model_file), "-d", str(tmp_path / "out")]
    return line, tmp_path / "out"


@posix
@pytest.mark.parametrize("redirect", ["2>&-", "| head -1", ">&- 2>&-"])
def test_streams_do_not_end_a_batch(redirect, command):
    line, out = command
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$0" "$@" {redirect}', *line],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(out)) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@posix
@pytest.mark.parametrize("num_interrupts", [1, 3])
def test_any_number_of_interrupts_ends_with_130(num_interrupts, command, photograph):
    line, out = command
    for name in "234":  # more than a moment's work
        Image.fromarray(photograph[:401, :403]).save(out.parent / "in" / f"{name}.png")
    process = subprocess.Popen(
        [*line, "-j", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()  # it is at work
    for _ in range(num_interrupts):
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert "-> " in first and "Traceback" not in errors and "terminate" not in errors
    assert process.returncode in (0, 130), errors  # it may have been done
    if "error: interrupted" in errors:
        assert " of 4 files; --skip-existing leaves out what is done" in errors
    assert all(name.endswith(".jpg") for name in os.listdir(out))
