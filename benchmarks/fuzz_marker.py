"""Damages files of the tool in thousands of ways, and looks at what reads them.

    python -m benchmarks.fuzz_marker [--cases 20000] [--expand-every 10] [--seed 0]

Every case is a JPEG, WebP or AVIF with a marker, in which bytes are changed, cut out, doubled or
appended, mostly near the marker. The parser reads each, every tenth is expanded by a small
untrained model. Only DataError and CheckpointError may come of it, in bounded time and memory.
Prints what came of how many, the longest time, the peak memory; ends with 1 if anything else
happened, after the case that did it.
"""

import argparse
import collections
import resource
import sys
import time
import warnings

import numpy as np

from jaxshrink import container
from jaxshrink.compressor import Compressor
from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.errors import CheckpointError, DataError
from tests.untrained import untrained_weights

_MAX_PIXELS = 60_000
_MAX_SECONDS = 20.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--expand-every", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", module="PIL")
    compressor = Compressor(untrained_weights())
    files = _files(compressor)
    rng = np.random.default_rng(arguments.seed)
    outcomes: collections.Counter[str] = collections.Counter()
    longest = 0.0
    for case in range(arguments.cases):
        data = _damage(files[case % len(files)], rng)
        start = time.perf_counter()
        try:
            outcome = _read(compressor, data, expanded=case % arguments.expand_every == 0)
        except (DataError, CheckpointError) as error:
            outcome = type(error).__name__
            assert "\n" not in str(error), error
        except BaseException:
            print(f"case {case} of seed {arguments.seed}: {data.hex()}", file=sys.stderr)
            raise
        longest = max(longest, time.perf_counter() - start)
        outcomes[outcome] += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{arguments.cases} cases: {dict(outcomes)}")
    print(f"longest {longest:.2f} s (a compilation included), peak memory {peak:.0f} MB")
    return 0 if longest < _MAX_SECONDS else 1


def _files(compressor: Compressor) -> list[bytes]:
    x = read_image(packaged_photographs("astronaut.png")[0], 3, 10**6)[:99, :130]
    return [
        compressor.encode(x, 30, scale, codec)
        for codec in ("jpeg", "webp", "avif")
        for scale in (1, 2)
    ]


def _damage(file: bytes, rng: np.random.Generator) -> bytes:
    """One to four changes."""
    data = bytearray(file)
    for _ in range(rng.integers(1, 5)):
        near_marker = max(data.find(b"JXS\0"), 0) + int(rng.integers(-8, 40))
        anywhere = int(rng.integers(0, max(len(data), 1)))
        place = min(max(near_marker if rng.random() < 0.7 else anywhere, 0), max(len(data) - 1, 0))
        length = int(rng.integers(1, 30))
        change = rng.integers(0, 6)
        if change <= 2 and data:
            data[place] = int(rng.choice([0, 1, 2, 127, 128, 255, rng.integers(0, 256)]))
        elif change == 3:
            del data[place : place + length]
        elif change == 4:
            data[place:place] = data[place : place + length]
        elif rng.random() < 0.5:
            del data[place:]
        else:
            data += rng.bytes(length)
    return bytes(data)


def _read(compressor: Compressor, data: bytes, *, expanded: bool) -> str:
    marker = container.find(data)
    if expanded:
        pixels = compressor.expand(data, max_pixels=_MAX_PIXELS)
        assert pixels.shape[0] * pixels.shape[1] <= _MAX_PIXELS
        return "expanded" if marker else "decoded"
    return "marker" if marker else "no marker"


if __name__ == "__main__":
    sys.exit(main())
