"""What the report's slider shows: original, JPEG at equal bytes, ours, and the compact image."""

import base64
import dataclasses
import functools
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from jaxshrink.bench.cache import point_key
from jaxshrink.bench.methods.base import TimedTrip
from jaxshrink.bench.methods.codec import CodecMethod
from jaxshrink.bench.points import POINT, Point, score_trip
from jaxshrink.bench.sweep import Task
from jaxshrink.bench.workers import Workers
from jaxshrink.codecs import CODECS, largest_quality_within
from jaxshrink.documents import DocumentError, flag, optional, read_json, record, text
from jaxshrink.runs.workdir import write_json

_JPEG = CODECS["jpeg-optimized"]
_DATA_URI = re.compile(r"data:image/(jpeg|webp|png);base64,[A-Za-z0-9+/]+={0,2}")


def _data_uri_shape(value: Any, where: str) -> str:
    """A picture that stands in the file itself; no other address comes into the report."""
    if not isinstance(value, str) or not _DATA_URI.fullmatch(value):
        raise DocumentError(f"{where} is no picture")
    return value


_PICTURES = record(
    {
        "image": text(),
        "original": _data_uri_shape,
        "jpeg": _data_uri_shape,
        "ours": _data_uri_shape,
        "compact": optional(_data_uri_shape),
        "jpeg_point": POINT,
        "our_point": POINT,
        "over_budget": flag,
    },
    others=False,
)


@dataclasses.dataclass(frozen=True)
class Pictures:
    """One image as the report shows it; pictures are data URIs without any loss of pixels.

    Attributes:
      image: the image's name.
      original, jpeg, ours: at full size; `jpeg` is a real file of at most as many bytes as ours.
      compact: what a model's file shows without the model, else None.
      jpeg_point, our_point: their measurements.
      over_budget: whether even quality 1 of the JPEG takes more bytes than ours.
    """

    image: str
    original: str
    jpeg: str
    ours: str
    compact: str | None
    jpeg_point: Point
    our_point: Point
    over_budget: bool

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Pictures":
        points = {key: Point.from_json(value[key]) for key in ("jpeg_point", "our_point")}
        return cls(**{**value, **points})


def make_all_pictures(
    tasks: Sequence[Task], metrics: Sequence[str], workers: Workers, cache: Path
) -> list[Pictures]:
    """Makes the pictures of some images, all of the same method.

    Args:
      tasks: the images, and the method at the quality that is shown.
      metrics: names in `METRICS`.
      workers: for a method that can run in processes.
      cache: a folder of pictures that were made before; damaged ones are made anew.
    """
    files = {t: cache / f"{point_key(t.method, t.image, t.quality, metrics)}.json" for t in tasks}
    found = {task: _kept(files[task]) for task in tasks}
    missing = [task for task in tasks if found[task] is None]
    make = functools.partial(make_pictures, metrics=metrics)
    if tasks and tasks[0].method.parallel:
        made = workers.apply(make, missing)
    else:
        made = ((task, make(task)) for task in missing)
    for task, pictures in made:
        write_json(files[task], dataclasses.asdict(pictures))
        found[task] = pictures
    return [pictures for pictures in found.values() if pictures is not None]


def _kept(file: Path) -> Pictures | None:
    try:
        return Pictures.from_json(read_json(file, _PICTURES))
    except (DocumentError, FileNotFoundError):
        return None


def make_pictures(task: Task, metrics: Sequence[str]) -> Pictures:
    """Makes one image's pictures; errors as in `Method.trip`."""
    x = task.image.read()
    trip = task.method.trip(x, task.quality)
    jpeg_quality = largest_quality_within(_JPEG, x, len(trip.data))
    jpeg = CodecMethod(_JPEG).trip(x, jpeg_quality or 1)
    return Pictures(
        image=task.image.name,
        original=_lossless(x),
        jpeg=_data_uri(jpeg.data, "jpeg"),
        ours=_lossless(trip.x_hat),
        compact=_compact(trip),
        jpeg_point=score_trip(x, jpeg, jpeg_quality or 1, metrics),
        our_point=score_trip(x, trip, task.quality, metrics),
        over_budget=jpeg_quality is None,
    )


def _compact(trip: TimedTrip) -> str | None:
    if trip.y_hat is None:
        return None
    is_jpeg = trip.data.startswith(b"\xff\xd8")
    return _data_uri(trip.data, "jpeg") if is_jpeg else _lossless(trip.y_hat)


def _lossless(image: np.ndarray) -> str:
    """A picture that every browser shows, pixel for pixel: WebP, and PNG beyond its limits."""
    pixels = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    file = io.BytesIO()
    if max(image.shape) <= 16383:
        pixels.convert("RGB").save(file, "WEBP", lossless=True, quality=50, method=2)
        return _data_uri(file.getvalue(), "webp")
    pixels.save(file, "PNG")
    return _data_uri(file.getvalue(), "png")


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
