"""The command line: what it says to bad input, and that it is quick to say it."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from jaxshrink.cli.main import main


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "gray"
    folder.mkdir()
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(folder / "black.png")
    return folder


def test_help_and_version_come_without_jax():
    script = """
import sys
from jaxshrink.cli.main import main
commands = ("bench", "compress", "expand", "info", "models")
for arguments in (["--help"], ["--version"], *([command, "--help"] for command in commands)):
    try:
        main(arguments)
    except SystemExit as end:
        assert end.code == 0
assert not {"jax", "numpy", "PIL", "scipy", "matplotlib"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--external" in done.stdout


def test_info_and_models_come_without_jax(images):
    script = f"""
import sys
from jaxshrink.cli.main import main
assert main(["info", {str(images / "black.png")!r}]) == 0
assert main(["models"]) == 0
assert not {{"jax", "flax", "scipy", "matplotlib"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "a plain viewer shows: PNG, 20x20, L" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bench"],
        ["bench", "x", "--window", "1:0.1"],
        ["bench", "x", "--window", "wide"],
        ["bench", "x", "--qualities", "webp=high"],
        ["bench", "x", "--qualities", "5,10"],
        ["bench", "x", "--methods", "webp,,avif"],
        ["bench", "x", "-j", "0"],
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--methods", "webq"], 2, "unknown method 'webq'"),
        (["--methods", "webp@avif"], 2, "unknown method 'webp@avif'"),
        (["--methods", ".@gif"], 2, "unknown codec 'gif'"),
        (["--methods", "."], 4, "no training run here"),
        (["--metrics", "psnr,vmaf"], 2, "unknown metric 'vmaf'"),
        (["--anchor", "vvc"], 2, "unknown anchor 'vvc'"),
        (["--qualities", "jxl=5"], 2, "--qualities jxl: no such method"),
        (["--qualities", "webp=101"], 2, "quality must be from 0 to 100, got 101"),
        (["--external", "cjxl"], 2, "expected 'NAME=COMMAND"),
        (["--external", "webp=cat {input} {output} {quality}"], 2, "two curves are named 'webp'"),
        (["--compare", "missing.json"], 3, "missing.json"),
        (["-o", "black.png"], 3, "black.png: cannot be written"),
    ],
)
def test_bad_input_is_one_clear_line(
    arguments, code, message, images, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(images)
    assert main(["bench", str(images), "-o", str(tmp_path / "out"), *arguments]) == code
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1 and errors[0].startswith("error: ")
    assert message in errors[0]


def test_an_empty_folder_is_one_clear_line(tmp_path, capsys):
    assert main(["bench", str(tmp_path)]) == 3
    assert capsys.readouterr().err == f"error: {tmp_path}: no images in this folder\n"


def test_a_missing_extra_is_one_clear_line(images, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["bench", str(images)]) == 7
    assert "pip install 'jaxshrink[bench]'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["compress", "expand"])
def test_a_value_that_strip_does_not_take_is_told(command, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([command, "x.jpg", "-o", "y.jpg", "--strip=place"])
    assert "argument --strip: --help says what it takes, not 'place'" in capsys.readouterr().err


def test_an_interruption_that_python_drops_is_sent_again():
    script = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from jaxshrink.cli import main
sys.unraisablehook = main._hear
class Dropping:
    def __del__(self):
        raise KeyboardInterrupt
try:
    Dropping()
    import time
    for _ in range(1000):
        time.sleep(0.01)
except KeyboardInterrupt:
    print("heard")
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("heard\n", "")


@pytest.mark.parametrize("where", ["_parser", "console.finish"])
def test_an_interruption_around_the_command_ends_with_130(where):
    code = f"""
import sys
from jaxshrink import __main__
from jaxshrink.cli import main as cli

def interrupt(*arguments):
    raise KeyboardInterrupt

cli.{where} = interrupt
sys.argv = ["jaxshrink", "info", "missing.jpg"]
sys.exit(__main__.main())
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 130
    assert "Traceback" not in ended.stderr


def test_an_interruption_while_modules_are_imported_ends_without_a_word(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "jaxshrink.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
""")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "jaxshrink", "models"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")
