"""Time and peak memory of the tool on photographs of many sizes.

    python -m benchmarks.large_photographs [--megapixels 1 6 24 100] [--model NAME]

A photograph that a package ships is repeated until it is large enough. `jaxshrink compress` and
`jaxshrink expand` run as a user runs them, each in a process of its own; prints a table of size,
seconds, seconds per megapixel, and peak memory of each. Ends with 1 if memory went over the limits
of 2.5 GB at up to 24 megapixels or 4 GB at up to 100.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.files import markers
from jaxshrink.shipped.index import DEFAULT_MODEL

_LIMITS = {24: 2.5e9, 100: 4e9}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 6, 24, 100])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--options", default="-q 75", help="of compress")
    arguments = parser.parse_args()
    print("Mpx     command    seconds    s/Mpx    peak MB    bytes", flush=True)
    within = True
    with tempfile.TemporaryDirectory() as name:
        for megapixels in arguments.megapixels:
            folder = Path(name)
            source = folder / "photograph.jpg"
            source.write_bytes(_photograph(megapixels))
            limit = min(
                (most for size, most in _LIMITS.items() if megapixels <= size), default=np.inf
            )
            within &= _measure(
                megapixels, limit, ["compress", source, *arguments.options.split()], arguments.model
            )
            small = folder / "small.jpg"
            # A plain JPEG that won has no marker, and would be taken for a compact image.
            if markers.find(small.read_bytes()) is None:
                print("        plain JPEG won: there is nothing to expand")
                continue
            within &= _measure(megapixels, limit, ["expand", small], arguments.model)
    return 0 if within else 1


def _photograph(megapixels: float) -> bytes:
    """A JPEG of 3:2, quality 95."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    part = read_image(packaged_photographs("astronaut.png")[0], 3, 10**6)
    repeats = (-(-height // part.shape[0]), -(-height * 3 // 2 // part.shape[1]), 1)
    pixels = np.tile(part, repeats)[:height, : height * 3 // 2]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    return file.getvalue()


def _measure(megapixels: float, limit: float, command: list, model: str) -> bool:
    """Runs and prints a line; returns whether memory stayed within the limit."""
    target = Path(command[1]).with_name("small.jpg" if command[0] == "compress" else "big.png")
    line = [sys.executable, "-m", "jaxshrink", *map(str, command), "-o", str(target)]
    start = time.perf_counter()
    process = subprocess.Popen([*line, "--model", model], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{command[0]} failed")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(
        f"{megapixels:<7g} {command[0]:<10} {seconds:<10.1f} {seconds / megapixels:<8.2f}"
        f" {peak / 1e6:<10.0f} {target.stat().st_size}",
        flush=True,
    )
    return peak <= limit


if __name__ == "__main__":
    sys.exit(main())
