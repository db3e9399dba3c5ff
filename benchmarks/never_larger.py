"""Whether what `compress` writes is never larger than what it was given.

    python -m benchmarks.never_larger PHOTOGRAPHS.. [--qualities 10 30 50 75 85 95] [--as-they-are]

Every photograph becomes a JPEG of every quality (with `--as-they-are`, the file itself is taken as
well), and each is compressed as `jaxshrink compress -q 75` does. Prints for every quality how many
bytes there were and are, how many files were kept and why, and the count of files that grew, which
is also the exit code: 0 if there were none.
"""

import argparse
import collections
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from jaxshrink import Model
from jaxshrink.data import list_images
from jaxshrink.runtime.startup import start_jax
from jaxshrink.shipped.index import DEFAULT_MODEL

_AS_IT_IS = "as it is"
_WHY = {"coarser": "coarse", "at best": "not smaller", "compact file": "compact"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", nargs="+")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--qualities", type=int, nargs="*", default=[10, 30, 50, 75, 85, 95])
    parser.add_argument("--as-they-are", action="store_true", help="the files themselves, too")
    parser.add_argument("-q", type=int, default=75, help="that is asked for (default: 75)")
    parser.add_argument("-e", type=int, default=2, help="effort (default: 2)")
    parser.add_argument("--first", type=int, help="take so many photographs alone")
    arguments = parser.parse_args()
    start_jax(None)
    model = Model.load(arguments.model)
    paths = [path for place in arguments.photographs for path in list_images(place)]
    paths = paths[: arguments.first]
    kinds = [*arguments.qualities, *([_AS_IT_IS] if arguments.as_they_are else [])]
    print("| JPEG of quality | files | bytes before | after | kept | larger |")
    print("|---|---|---|---|---|---|")
    total = 0
    for kind in kinds:
        before = after = larger = 0
        kept: collections.Counter[str] = collections.Counter()
        for file in _files(paths, kind):
            small = model.compress(file, quality=arguments.q, effort=arguments.e)
            before, after = before + len(file), after + len(small.data)
            larger += len(small.data) > len(file)
            if small.kept:
                kept[next(why for words, why in _WHY.items() if words in small.notes[0])] += 1
        total += larger
        told = ", ".join(f"{number} {why}" for why, number in kept.items()) or "0"
        print(f"| {kind} | {len(paths)} | {before} | {after} | {told} | {larger} |", flush=True)
    print(f"{total} files grew, of {len(paths) * len(kinds)}")
    return min(total, 100)


def _files(paths: list[Path], kind: int | str) -> Iterator[bytes]:
    for path in paths:
        if kind == _AS_IT_IS:
            yield path.read_bytes()
            continue
        file = io.BytesIO()
        with Image.open(path) as image:
            image.convert("RGB").save(file, "JPEG", quality=int(kind), optimize=True)
        yield file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
