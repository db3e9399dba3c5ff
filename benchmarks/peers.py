"""How long the tool takes beside other encoders, as whole commands, and what their files are worth.

    python -m benchmarks.peers PHOTOGRAPHS.. [--repeats 3] [--large 12 24]

The same PNGs go through `jaxshrink compress -q 75` at two efforts (one process for all), and
through `avifenc`, `cjxl` and `cwebp` (one process each, as people script it), in turn, several
times; compiled functions come from the cache. Prints wall and CPU seconds relative to
`avifenc -s 4`, as the median of the repeats and their range; the mean of bits per pixel and of
SSIMULACRA2 beside them. --large makes photographs of so many megapixels out of the first one, and
runs everything on each. What is not installed is left out, and named.
"""

import argparse
import dataclasses
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from jaxshrink import expand
from jaxshrink.data import list_images
from jaxshrink.inference.tiled_metrics import ssimulacra2

_ANCHOR = "avifenc -s 4 -j 2"


@dataclasses.dataclass(frozen=True)
class Peer:
    """One way to compress.

    Attributes:
      program: that has to be installed.
      suffix: of its files.
      command: (PNGs, folder) -> commands that make a file of each PNG's stem in the folder.
    """

    program: str
    suffix: str
    command: Callable[[Sequence[Path], Path], list[list[str]]]


def _ours(*options: str) -> Peer:
    def command(pictures: Sequence[Path], folder: Path) -> list[list[str]]:
        start = [sys.executable, "-m", "jaxshrink", "compress", *map(str, pictures)]
        return [[*start, "-q", "75", *options, "-d", str(folder)]]

    return Peer(sys.executable, ".jpg", command)


def _theirs(program: str, suffix: str, *options: str, before_output: str | None = None) -> Peer:
    def command(pictures: Sequence[Path], folder: Path) -> list[list[str]]:
        output = [] if before_output is None else [before_output]
        return [
            [program, *options, str(picture), *output, str(folder / f"{picture.stem}{suffix}")]
            for picture in pictures
        ]

    return Peer(program, suffix, command)


_AVIF = ("-j", "2", "--min", "30", "--max", "34")
PEERS = {
    "jaxshrink": _ours(),
    "jaxshrink -e 1": _ours("-e", "1"),
    _ANCHOR: _theirs("avifenc", ".avif", "-s", "4", *_AVIF),
    "avifenc -s 6 -j 2": _theirs("avifenc", ".avif", "-s", "6", *_AVIF),
    "cjxl -e 7": _theirs("cjxl", ".jxl", "-e", "7", "-d", "1.9"),
    "cwebp -m 6": _theirs("cwebp", ".webp", "-m", "6", "-q", "80", before_output="-o"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photographs", nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--large", type=float, nargs="*", default=[], metavar="MEGAPIXELS")
    options = parser.parse_args()
    peers = {name: peer for name, peer in PEERS.items() if shutil.which(peer.program)}
    for name in PEERS.keys() - peers.keys():
        print(f"left out: {name} is not installed")
    with tempfile.TemporaryDirectory() as name:
        pictures = list(_as_png(options.photographs, Path(name) / "in"))
        print(f"{len(pictures)} photographs")
        _compare(pictures, peers, options.repeats, Path(name))
        for megapixels in options.large:
            print(f"\n{megapixels:g} megapixels")
            large = _enlarged(pictures[0], megapixels, Path(name) / "large.png")
            _compare([large], peers, options.repeats, Path(name))


def _as_png(locations: Sequence[str], folder: Path) -> Iterator[Path]:
    folder.mkdir()
    for location in locations:
        for path in list_images(location):
            target = folder / f"{path.stem}.png"
            with Image.open(path) as image:
                image.convert("RGB").save(target)
            yield target


def _enlarged(picture: Path, megapixels: float, target: Path) -> Path:
    """A photograph beside its mirror images, often enough: as sharp as it was."""
    with Image.open(picture) as image:
        x = np.asarray(image)
    x = np.concatenate([x, x[:, ::-1]], 1)
    x = np.concatenate([x, x[::-1]], 0)
    height = round((megapixels * 1e6 * 2 / 3) ** 0.5)
    width = round(height * 1.5)
    repeats = (-(-height // x.shape[0]), -(-width // x.shape[1]), 1)
    Image.fromarray(np.tile(x, repeats)[:height, :width]).save(target)
    return target


def _compare(pictures: Sequence[Path], peers: dict[str, Peer], repeats: int, folder: Path) -> None:
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in peers}
    worth = {}
    for repeat in range(repeats + 1):  # the first fills caches
        for name, peer in peers.items():
            out = folder / "out"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            took = _run(peer.command(pictures, out))
            if repeat:
                seconds[name].append(took)
            if repeat == repeats:
                worth[name] = _worth(pictures, out, peer.suffix)
    print(f"{'':20} wall / {_ANCHOR:24} CPU             bpp    SSIMULACRA2")
    for name, own in seconds.items():
        pairs = list(zip(own, seconds[_ANCHOR], strict=True))
        ratios = [_spread([ours[kind] / theirs[kind] for ours, theirs in pairs]) for kind in (0, 1)]
        print(f"{name:20} {ratios[0]:31} {ratios[1]:20} {worth[name]}", flush=True)


def _run(commands: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Wall and CPU seconds of all."""
    start, cpu = time.perf_counter(), 0.0
    for command in commands:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"failed: {' '.join(command)}")
        cpu += usage.ru_utime + usage.ru_stime
    return time.perf_counter() - start, cpu


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} .. {max(values):.2f})"


def _worth(pictures: Sequence[Path], folder: Path, suffix: str) -> str:
    """Means of bits per pixel and of SSIMULACRA2, if Pillow opens such files."""
    rates, scores = [], []
    for picture in pictures:
        file = folder / f"{picture.stem}{suffix}"
        with Image.open(picture) as image:
            x = np.asarray(image)
        rates.append(8 * file.stat().st_size / (x.shape[0] * x.shape[1]))
        if suffix == ".jxl":
            continue
        x_hat = expand(file) if suffix == ".jpg" else np.asarray(Image.open(file).convert("RGB"))
        scores.append(ssimulacra2(x, x_hat))
    told = f"{statistics.mean(scores):.1f}" if scores else "-"
    return f"{statistics.mean(rates):.3f}  {told}"


if __name__ == "__main__":
    main()
