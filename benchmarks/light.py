"""The distribution without JAX: how large it is, and whether it gives the same pixels.

    python -m benchmarks.light PHOTOGRAPHS.. [--python python3]

Installs `light/` in a fresh environment, prints its size on disk, compresses the photographs at
both scales with the whole package, expands the files with both, and prints how far their pixels are
apart, and how long one file takes as a whole command. Ends with 1 if a pixel is more than one level
off.
"""

import argparse
import functools
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.timing import interleaved, ratios, text
from jaxshrink.data import list_images
from jaxshrink.shipped.index import DEFAULT_MODEL

_LIGHT = Path(__file__).parents[1] / "light"
_MEGABYTE = 10**6
_REPEATS = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("photographs", nargs="+")
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    paths = [path for location in options.photographs for path in list_images(location)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        light = _install(options.python, folder / "environment")
        worst = 0
        for scale in ("half", "full"):
            _compress(paths, folder / scale, scale)
            worst = max(worst, _compare(light, folder / scale, folder))
        _print_times(light, next((folder / "half").iterdir()), folder)
    return int(worst > 1)


def _install(python: str, folder: Path) -> Path:
    """The command `jaxshrink` of a fresh environment."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    before = _num_bytes(folder)
    subprocess.run([folder / "bin" / "pip", "install", "-q", _LIGHT], check=True)
    print(f"{(_num_bytes(folder) - before) / _MEGABYTE:.0f} MB installed, dependencies included")
    return folder / "bin" / "jaxshrink"


def _num_bytes(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files if path.suffix != ".pyc")


def _compress(paths: list[Path], folder: Path, scale: str) -> None:
    command = [sys.executable, "-m", "jaxshrink", "compress", *map(str, paths), "-d", str(folder)]
    options = ["--scale", scale, "-e", "1", "--model", DEFAULT_MODEL]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)


def _compare(light: Path, files: Path, folder: Path) -> int:
    """The largest difference in levels between what both expand; prints it."""
    folders = [folder / f"{files.name} {name}" for name in ("light", "whole")]
    for command, out in zip(_commands(light), folders, strict=True):
        _run(command, "expand", str(files), "-d", str(out))
    worst, share = [], []
    for path in sorted(folders[0].iterdir()):
        ours, theirs = (np.asarray(Image.open(f / path.name)).astype(int) for f in folders)
        worst.append(int(np.abs(ours - theirs).max()))
        share.append(float((ours != theirs).mean()))
    print(
        f"{files.name} size, {len(worst)} files: at most {max(worst)} levels apart,"
        f" {100 * statistics.mean(share):.4f} % of values differ"
    )
    return max(worst)


def _run(command: list[str], *arguments: str) -> None:
    """Each finds its own package, whatever PYTHONPATH says."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if command[0] == sys.executable:
        known = dict(os.environ)
    subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL, env=known)


def _commands(light: Path) -> list[list[str]]:
    return [[str(light)], [sys.executable, "-m", "jaxshrink"]]


def _print_times(light: Path, file: Path, folder: Path) -> None:
    def expand(command: list[str]) -> None:
        _run(command, "expand", str(file), "-o", str(folder / "x.png"))

    commands = dict(zip(("light", "whole"), _commands(light), strict=True))
    functions = {name: functools.partial(expand, each) for name, each in commands.items()}
    _, times = interleaved(functions, _REPEATS)
    print(
        f"one file, of the whole package's time: {text(ratios(times['light'], times['whole']), 2)}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
