"""What is told, whatever the streams are like. Streams that are closed or full need a process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jaxshrink import console

posix = pytest.mark.skipif(os.name != "posix", reason="descriptors")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("café 写真 👨‍👩‍👧.jpg", "café 写真 👨‍👩‍👧.jpg"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("a\x9bb\x7f", r"a\x9bb\x7f"),
        ("gpj.\u202ea", r"gpj.\u202ea"),
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_obeys_is_escaped(text, told):
    assert console.escaped(text) == told


def run(code, *, redirect="", encoding="utf-8:strict"):
    """Runs Python code between `prepare` and `finish`; returns the finished process."""
    script = (
        "import sys\nfrom jaxshrink import console\nconsole.prepare()\n"
        f"{code}\nsys.exit(console.finish(0))"
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(
        ["sh", "-c", f'"$0" -c "$1" {redirect}', sys.executable, script],
        env=environment,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )


@posix
@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "latin-1:strict"])
def test_no_encoding_is_too_narrow(encoding):
    done = run(r"console.say('\u5199 \udce9'); print('\u5199 \udce9')", encoding=encoding)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2, done.stderr


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_stream_is_one_line_and_an_exit_code():
    done = run(
        "console.say('a'); console.say('b'); print('goes on', file=sys.stderr)",
        redirect=">/dev/full",
    )
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "goes on",
        "error: standard output cannot be written (No space left on device)",
    ]
    assert run("console.say('a', to_stderr=True)", redirect="2>/dev/full").returncode == 0


@posix
def test_a_reader_that_goes_away_is_no_error():
    many = "[console.say('x' * 1000) for _ in range(1000)]"
    done = run(many, redirect="| head -c 1")
    assert done.stdout == "x" and done.stderr == ""
    done = run(many, redirect="| true; echo told >&2")
    assert done.stderr == "told\n"


@posix
@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_are_written_to_nowhere_and_not_into_files(redirect, tmp_path):
    path = tmp_path / "file"
    code = f"""
file = open({str(path)!r}, "w")
console.say("to output"); console.say("to errors", to_stderr=True); print("printed")
file.write("data"); file.close()
"""
    done = run(code, redirect=redirect)
    assert done.returncode == 0, done.stderr
    assert path.read_text() == "data"


@posix
@pytest.mark.parametrize("redirect", [">&-", ">/dev/full"])
def test_a_result_that_cannot_be_delivered_is_an_error(redirect):
    code = """
from jaxshrink.errors import DataError
try:
    console.deliver(b"result")
except DataError as error:
    print(error, file=sys.stderr)
"""
    assert "standard output cannot be written (" in run(code, redirect=redirect).stderr


@posix
def test_standard_input_has_a_limit():
    code = """
from jaxshrink.errors import DataError
try:
    print(len(console.receive(10**7)))
except DataError as error:
    print(error)
"""
    assert "has more than 10000000 bytes" in run(code, redirect="< /dev/zero").stdout
    assert run(code, redirect="< /dev/null").stdout == "0\n"
    assert run(code, redirect="<&-").stdout == "it is closed\n"
