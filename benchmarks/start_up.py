"""How soon the tool does something: help, info, and folders of small photographs.

    python -m benchmarks.start_up [--model NAME]

Prints the CPU time of `jaxshrink --help` and of `info`, and the time in which `expand` restores 40
photographs of one size and 40 of 40 different sizes, each with an empty cache of compiled functions
and again with the cache of the first run. Ends with 1 if help or info took 0.5 s of CPU time, or
40 sizes three times as long as one.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from jaxshrink.compression.model import Model
from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.shipped.index import DEFAULT_MODEL

_NUM = 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    model = parser.parse_args().model
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, many = _make_folders(folder, model)
        file = next(many.iterdir())
        quick = [_run(["--help"])[1], _run(["info", str(file)])[1]]
        print(f"--help: {quick[0]:.2f} s of CPU time; info: {quick[1]:.2f} s", flush=True)
        times = {}
        for source in (one, many):
            for cache in ("empty", "warm"):
                command = ["expand", str(source), "-d", str(folder / "out"), "--model", model]
                seconds, _ = _run(command, folder / f"cache-{source.name}")
                times[source.name, cache] = seconds
                print(f"{source.name}, {cache} cache: {seconds:.1f} s", flush=True)
    ratios = {c: times["40 sizes", c] / times["one size", c] for c in ("empty", "warm")}
    print(f"40 sizes over one size: {ratios['empty']:.2f} (empty), {ratios['warm']:.2f} (warm)")
    return 0 if max(quick) < 0.5 and max(ratios.values()) < 3 else 1


def _make_folders(folder: Path, name_or_path: str) -> tuple[Path, Path]:
    """40 compact images of one size, and 40 of as many sizes with as many pixels on average."""
    x = read_image(packaged_photographs("astronaut.png")[0], 3, 10**6)
    model = Model.load(name_or_path)
    rng = np.random.default_rng(0)
    sizes = rng.integers(120, 361, (_NUM, 2))
    mean = np.full((_NUM, 2), round(float(np.sqrt(sizes.prod(1).mean()))))
    folders = []
    for name, each in (("one size", mean), ("40 sizes", sizes)):
        (folder / name).mkdir()
        folders.append(folder / name)
        for index, (height, width) in enumerate(each.tolist()):
            file = model.encode(x[:height, :width], 40, 2)
            (folder / name / f"{index}.jpg").write_bytes(file)
    return folders[0], folders[1]


def _run(command: list[str], cache: Path | None = None) -> tuple[float, float]:
    """Wall-clock and CPU seconds of a command in a process of its own."""
    environment = dict(os.environ)
    if cache is not None:
        environment["JAX_COMPILATION_CACHE_DIR"] = str(cache)
    start = time.perf_counter()
    line = [sys.executable, "-m", "jaxshrink", *command]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
