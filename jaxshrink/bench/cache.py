"""What was measured already, so that an interrupted run continues and nothing is done twice."""

import functools
import hashlib
import importlib.metadata
import json
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import features

from jaxshrink import __version__
from jaxshrink.bench.methods.base import Method
from jaxshrink.bench.points import POINT, VERSION, Point
from jaxshrink.bench.suite import SuiteImage
from jaxshrink.documents import DocumentError, json_lines, record, text
from jaxshrink.errors import DataError

_PACKAGES = (
    "jax",
    "mozjpeg-lossless-optimization",
    "pillow",
    "pillow-jxl-plugin",
)
_PACKAGE = Path(__file__).parents[1]
# Of the package's source.
_WITHOUT_EFFECT = (
    "bench/bd_rate.py",
    "bench/report/page.py",
    "bench/report/plots.py",
    "bench/report/tables.py",
    "cli/",
    "configs/",
    "console.py",
    "train.py",
    "training/",
)
_LIBRARIES = ("libjpeg_turbo", "webp", "avif", "jpg_2000")


def point_key(method: Method, image: SuiteImage, quality: float, metrics: Sequence[str]) -> str:
    """A hash of all that a point depends on: file, method, setting, metrics, versions.

    Among these that of `Point` itself.
    """
    setting = [method.identity, quality, list(metrics)]
    parts = [VERSION, image.digest, image.channels, *setting, versions()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """The software that results depend on; what is not installed is left out."""
    found = {"jaxshrink": __version__, "source": source_digest(_PACKAGE)[:16]}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    for library in _LIBRARIES:
        version = features.version(library)
        if version:
            found[library] = version
    return found


def source_digest(package: Path) -> str:
    """A hash of the source that points depend on: edited code measures anew.

    What only trains, tells or draws is left out; a new file counts.
    """
    digest = hashlib.sha256()
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.json")]):
        name = path.relative_to(package).as_posix()
        if not name.startswith(_WITHOUT_EFFECT):
            digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


_ENTRY = record({"key": text(64), "point": POINT})


class PointCache:
    """Points by key, in a file of JSON lines that only grows.

    Every point is on disk as soon as it is measured. A line that a killed run left unfinished,
    or that is damaged, is skipped: its point is measured anew.

    Args:
      path: is made where needed.

    Raises:
      DataError: if it is no file, or cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._points: dict[str, Point] = {}
        try:
            if path.exists():
                for _, entry in json_lines(path, _ENTRY):
                    self._points[entry["key"]] = Point.from_json(entry["point"])
            self._file = path.open("a+b")
        except DocumentError as error:
            raise DataError(f"{path}: {error}") from None
        self._end_last_line()

    def _end_last_line(self) -> None:
        if self._file.tell():
            self._file.seek(-1, os.SEEK_END)
            if self._file.read(1) != b"\n":
                self._file.write(b"\n")

    def get(self, key: str) -> Point | None:
        return self._points.get(key)

    def put(self, key: str, point: Point) -> None:
        self._points[key] = point
        line = json.dumps({"key": key, "point": point.to_json()}) + "\n"
        self._file.write(line.encode())
        self._file.flush()

    def close(self) -> None:
        self._file.close()
