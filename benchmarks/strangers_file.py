"""What the worst file of a stranger takes to `expand`: time and memory, at most so many pixels.

    python -m benchmarks.strangers_file [--megapixels 24 50 100 200] [--model NAME]

A marker is data, so anybody can attach one to any JPEG. The files here hold as many pixels as
--max-pixels lets through, in the ways that take longest: noise at half size and at full size, and
as many scans of a progressive JPEG as are read at all. Each is expanded by the command, in a
process of its own; prints seconds and peak memory.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from jaxshrink.files import markers
from jaxshrink.files.markers import Marker
from jaxshrink.files.opening import MAX_SCANS
from jaxshrink.models.weights import load_weights
from jaxshrink.shipped.index import DEFAULT_MODEL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=[24, 50, 100, 200])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    options = parser.parse_args()
    digest = load_weights(options.model).digest[: markers.HASH_BYTES]
    print("Mpx     file                 MB      seconds    s/Mpx    peak MB", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for megapixels in options.megapixels:
            side = int((megapixels * 1e6) ** 0.5)
            for what, scale, jpeg in _files(side):
                marker = Marker((side, side), scale, options.model, digest, 0)
                source = Path(name) / "stranger.jpg"
                source.write_bytes(markers.attach(jpeg, marker))
                seconds, peak = _expand(source, Path(name) / "big.png")
                print(
                    f"{megapixels:<7g} {what:<20} {len(jpeg) / 1e6:<7.1f} {seconds:<10.1f}"
                    f" {seconds / megapixels:<8.2f} {peak / 1e6:.0f}",
                    flush=True,
                )


def _files(side: int) -> Iterator[tuple[str, int, bytes]]:
    """(what it is, scale of its marker, a JPEG of the compact image's size)."""
    half = -(-side // 2)
    yield "noise, half size", 2, _noise(half)
    yield "noise, full size", 1, _noise(side)
    yield f"{MAX_SCANS} scans", 1, _many_scans(side)


def _noise(side: int) -> bytes:
    part = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    repeats = -(-side // 256)
    return _jpeg(np.tile(part, (repeats, repeats, 1))[:side, :side])


def _many_scans(side: int) -> bytes:
    jpeg = _jpeg(np.zeros((side, side, 3), np.uint8), progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    missing = MAX_SCANS - jpeg.count(b"\xff\xda")
    return jpeg[:-2] + missing * jpeg[last:-2] + jpeg[-2:]


def _jpeg(pixels: np.ndarray, **options: bool) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=75, **options)
    return file.getvalue()


def _expand(source: Path, target: Path) -> tuple[float, float]:
    """Seconds and bytes of memory that the command takes."""
    command = [sys.executable, "-m", "jaxshrink", "expand", str(source), "-o", str(target)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"expand ended with status {status}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return time.perf_counter() - start, peak


if __name__ == "__main__":
    main()
