"""Looks for inputs that break the parsers, led by what code they reach (atheris, libFuzzer).

    pip install atheris
    python -m benchmarks.fuzz FOLDER [--seconds 3600] [--seed 0]

FOLDER keeps the corpus, inputs that reached something new, so that a second call goes on; it begins
with a good file of every format and kind of metadata. Every input is read as a photograph's
metadata, stripped of its place, attached to a compact file and read again; its marker is looked
for, and its JPEG segments are walked. Nothing but errors of ours may come of it. The first input
that breaks something ends the run: libFuzzer names the file it is in.
"""

import argparse
import contextlib
import functools
import sys
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["jaxshrink"]):
    from jaxshrink.errors import JaxshrinkError
    from jaxshrink.files import markers
    from jaxshrink.files.photographs import ALL, PLACE, Photograph, compact_file, fitting, stripped
    from jaxshrink.files.reading import read_metadata
    from jaxshrink.files.stripping import without_metadata

import numpy as np
from PIL import Image

from benchmarks.damage import good_compact_files, good_photographs
from jaxshrink.compression.model import Model
from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from tests.untrained import untrained_weights

_PIXELS = np.zeros((8, 8, 3), np.uint8)


def _fill(folder: Path) -> bytes:
    """Writes what the corpus begins with; returns a compact file."""
    x = read_image(packaged_photographs("astronaut.png")[0], 3, 10**6)[:99, :130]
    compact = good_compact_files(Model(untrained_weights()), x)
    files = {**compact, **good_photographs(Image.fromarray(x), compact["2.jpeg"])}
    folder.mkdir(parents=True, exist_ok=True)
    for index, data in enumerate(files.values()):
        (folder / f"good-{index:03d}").write_bytes(data)
    return compact["1.jpeg"]


def _read_marker(data: bytes) -> None:
    marker = markers.find(data)
    if marker is not None:
        markers.placed(marker, marker.compact_size)


def _clean(data: bytes) -> None:
    for what in (ALL, PLACE):
        without_metadata(data, what)


def _carry(compact: bytes, data: bytes) -> None:
    """What `compress` and `info` do with what a photograph says beside its pixels."""
    metadata = read_metadata(data)
    metadata.sizes()
    left = stripped(Photograph(_PIXELS, metadata), PLACE).metadata
    fit, _ = fitting(left, "JPEG")
    read_metadata(compact_file(compact, fit, (99, 130), 1)).sizes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    compact = _fill(options.folder)

    def one_input(data: bytes) -> None:
        for read in (_read_marker, _clean, functools.partial(_carry, compact)):
            with contextlib.suppress(JaxshrinkError):
                read(data)

    settings = [
        f"-max_total_time={options.seconds}",
        f"-seed={options.seed + 1}",  # 0 would be a random one
        "-timeout=120",
        "-rss_limit_mb=3000",
        "-max_len=20000",
        f"-artifact_prefix={options.folder}-",
    ]
    atheris.Setup([sys.argv[0], *settings, str(options.folder)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
