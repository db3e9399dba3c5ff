"""`jaxshrink expand`."""

import argparse
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from jaxshrink.cli import arguments as shared
from jaxshrink.cli.batch import Output, run_batch
from jaxshrink.cli.paths import Job, read_file
from jaxshrink.compression.ways import SCALES
from jaxshrink.errors import CheckpointError, ConfigError, DataError
from jaxshrink.files import markers
from jaxshrink.files.markers import Marker
from jaxshrink.shipped.index import check_shipped

if TYPE_CHECKING:
    from jaxshrink.compression.expansion import Expander

_SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "expand",
        help="what compress made, back to full photographs",
        description="Restores photographs. A picture without a marker is passed through as it is,"
        " unless --model is given.",
    )
    parser.set_defaults(run=_run)
    shared.add_files(parser)
    add = parser.add_argument
    add(
        "--format",
        choices=tuple(_SUFFIXES),
        help="png and webp without loss, jpeg at quality 95 (default: as -o's name says, or png)",
    )
    shared.add_strip(parser)
    add(
        "--scale",
        choices=tuple(SCALES),
        default="half",
        help="of files that lost their marker, with --model (default: %(default)s)",
    )
    shared.add_computation(
        parser, "a model's name or file (default: the one that each file's marker names)"
    )


def _run(arguments: argparse.Namespace) -> None:
    jobs = shared.plan_of(arguments, lambda source: _suffix(arguments, source))
    work = _Expander(arguments)
    run_batch(jobs, work, shared.manners_of(arguments))


def _suffix(arguments: argparse.Namespace, source: Path) -> str:
    """Of a result's name: what is passed through keeps its own."""
    try:
        data = read_file(source)
        unmarked = markers.find(data) is None
    except DataError:
        unmarked = False  # what is wrong is told when its turn comes
    wanted = arguments.format
    passed = unmarked and (wanted is None or _is_in(data, wanted.upper()))
    if passed and arguments.model is None:
        return source.suffix
    return _SUFFIXES[arguments.format or "png"]


def _is_in(data: bytes, picture: str) -> bool:
    """Whether a file is a picture of this format already."""
    from jaxshrink.files.suffixes import format_of

    try:
        return format_of(data) == picture
    except DataError:
        return False  # as above


class _Expander:
    """Models in memory, by the names in markers; nothing heavy before one is needed."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._models: dict[str, Expander] = {}
        self._lock = threading.Lock()

    def __call__(self, job: Job) -> Output:
        data = job.read()
        if self._arguments.model is not None:
            return self._restored(job, data, None)
        try:
            marker = markers.find(data)
        except DataError as error:
            raise DataError(f"{error}; --model NAME restores it all the same") from None
        if marker is not None:
            return self._restored(job, data, marker)
        wanted = self._wanted(job)
        if wanted is None or _is_in(data, wanted):
            return self._passed_through(data)
        return self._converted(data, wanted)

    def _restored(self, job: Job, data: bytes, marker: Marker | None) -> Output:
        file_format = self._wanted(job) or "PNG"
        limit = self._arguments.max_pixels
        model = self._model(None if marker is None else marker.model)

        from jaxshrink.files.photographs import encode_photograph, restored

        if marker is None:
            found = model.restore_as_own(data, SCALES[self._arguments.scale], limit)
        else:
            found = model.restore(data, marker, limit)
        strip = self._arguments.strip
        photograph = restored(found.pixels, data, found.scale, file_format, strip)
        result = encode_photograph(photograph.pixels, file_format, photograph.metadata)
        height, width = photograph.pixels.shape[:2]
        text = f"{width}x{height}, {len(data)} -> {len(result)} bytes"
        notes = (*found.notes, *photograph.notes)
        record = _record((width, height), model.name)
        return Output(result, len(data), text, record, notes=notes)

    def _converted(self, data: bytes, file_format: str) -> Output:
        """A plain picture in the format that was asked for."""
        from jaxshrink.files.photographs import (
            encode_photograph,
            fitting,
            read_photograph,
            stripped,
        )

        photograph = read_photograph(data, max_pixels=self._arguments.max_pixels)
        photograph = stripped(photograph, self._arguments.strip)
        metadata, lost = fitting(photograph.metadata, file_format)
        result = encode_photograph(photograph.pixels, file_format, metadata)
        notes = (*photograph.notes, *lost)
        height, width = photograph.pixels.shape[:2]
        text = f"no marker, written as {file_format}: {len(data)} -> {len(result)} bytes"
        return Output(result, len(data), text, _record((width, height), None), "passed", notes)

    def _passed_through(self, data: bytes) -> Output:
        from jaxshrink.files.opening import load_image

        image, notes = load_image(data, self._arguments.max_pixels)
        size = image.size
        image.close()
        record = _record(size, None)
        if self._arguments.strip == "nothing":
            text = "no marker, passed through as it is"
            return Output(data, len(data), text, record, "passed", notes)
        from jaxshrink.files.photographs import without_metadata

        try:
            result, gone = without_metadata(data, self._arguments.strip)
        except DataError as error:
            raise DataError(f"{error}: name a --format to write it anew") from None
        text = "no marker, passed through with less metadata"
        return Output(result, len(data), text, record, "passed", (*notes, *gone))

    def _wanted(self, job: Job) -> str | None:
        """The format that --format or the name behind -o asks for; None where neither does."""
        if self._arguments.format is not None:
            return str(self._arguments.format).upper()
        if not job.exact or job.target is None or not job.target.suffix:
            return None
        suffix = job.target.suffix.lower()
        if suffix not in _FORMATS:
            raise ConfigError(f"unknown suffix {suffix!r}: use {', '.join(_FORMATS)} or --format")
        return _FORMATS[suffix]

    def _model(self, name: str | None) -> "Expander":
        """The model to use for a marker's name, loaded once."""
        wanted = str(self._arguments.model or self._shipped(str(name)))
        with self._lock:
            if wanted not in self._models:
                from jaxshrink.compression.loading import has_jax, load_expander
                from jaxshrink.runtime.startup import start_jax

                if has_jax():
                    start_jax(self._arguments.device)
                self._models[wanted] = load_expander(wanted)
                self._models[wanted].set_tile(self._arguments.tile)
            return self._models[wanted]

    def _shipped(self, name: str) -> str:
        try:
            return check_shipped(name)
        except CheckpointError as error:
            raise CheckpointError(f"{error}; --model takes another, or its file") from None


def _record(size: tuple[int, int], model: str | None) -> dict[str, object]:
    return {"width": size[0], "height": size[1], "model": model}
