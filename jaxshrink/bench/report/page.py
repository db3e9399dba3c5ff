"""The report: one HTML file that holds everything and asks for nothing."""

import dataclasses
import html
import importlib.resources
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxshrink.atomic import write_whole
from jaxshrink.bench.cache import versions
from jaxshrink.bench.curves import PLAIN, Curve
from jaxshrink.bench.report.pictures import Pictures
from jaxshrink.bench.report.plots import TITLES
from jaxshrink.bench.report.tables import BD_METRICS, EQUAL_SCORES, BdTable, bd_to_json
from jaxshrink.console import escaped

_PAGE = importlib.resources.files("jaxshrink.bench.report") / "assets"
_SCRIPTS = ("page.js", "chart.js", "tables.js", "slider.js")


@dataclasses.dataclass(frozen=True)
class Report:
    """What the report tells.

    Attributes:
      title: the page's.
      curves: measured and published.
      tables: anchor -> BD-rates against it.
      window: bits per pixel.
      metrics: names in `METRICS`.
      num_images: in the suite.
      shown: the method whose pictures are shown, and its quality.
      pictures: one per image.
      problems: one message per image or point that is missing.
    """

    title: str
    curves: Sequence[Curve]
    tables: Mapping[str, BdTable]
    window: tuple[float, float]
    metrics: Sequence[str]
    num_images: int
    shown: tuple[str, float]
    pictures: Sequence[Pictures]
    problems: Sequence[str]


def write_report(report: Report, path: Path) -> None:
    """Writes the page; it is there whole or not at all."""
    page = _read("page.html")
    parts = {
        "TITLE": html.escape(escaped(report.title)),
        "STYLE": _read("style.css"),
        "DATA": _embedded(_data(report)),
        "SCRIPTS": "\n".join(_read(name) for name in _SCRIPTS),
    }
    for name, text in parts.items():
        page = page.replace(f"<!--{name}-->", text, 1)
    write_whole(path, page.encode())


def _read(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _embedded(value: Any) -> str:
    """JSON that cannot end the script element it stands in; of its texts, none turns another."""
    return json.dumps(_told(value), allow_nan=False).replace("<", "\\u003c")


def _told(value: Any) -> Any:
    """With the control characters in all texts escaped: names of files, words of programs."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, Mapping):
        return {_told(key): _told(item) for key, item in value.items()}
    return [_told(item) for item in value] if isinstance(value, list | tuple) else value


def _data(report: Report) -> dict[str, Any]:
    method, quality = report.shown
    return {
        "title": report.title,
        "numImages": report.num_images,
        "window": report.window,
        "bdMetrics": [{"name": name, "title": TITLES[name]} for name in BD_METRICS],
        "equalScores": EQUAL_SCORES,
        "metrics": [{"name": name, "title": TITLES[name]} for name in report.metrics],
        "curves": [_curve(curve, report.metrics) for curve in report.curves],
        "anchors": [
            {"name": name, "bdRates": bd_to_json(table)} for name, table in report.tables.items()
        ],
        "shown": {"method": method, "quality": quality},
        "pictures": [_picture(pictures) for pictures in report.pictures],
        "problems": list(report.problems),
        "versions": versions(),
    }


def _curve(curve: Curve, metrics: Sequence[str]) -> dict[str, Any]:
    lines = {}
    for metric in metrics:
        for name in (metric, PLAIN + metric):
            axis = curve.axis(name)
            if axis is not None:
                lines[name] = [_finite(value) for value in axis[1]]
    return {
        "name": curve.name,
        "description": curve.description,
        "published": curve.published,
        "bpp": curve.bpp,
        "lines": lines,
        "plain": {
            name: list(column)
            for name, column in curve.values.items()
            if name == "quality" or name.startswith(PLAIN)
        },
        "seconds": [curve.values.get(key) for key in ("encoding_time", "decoding_time")],
    }


def _picture(pictures: Pictures) -> dict[str, Any]:
    record = dataclasses.asdict(pictures)
    for point in (record["jpeg_point"], record["our_point"]):
        point["scores"] = {key: _finite(value) for key, value in point["scores"].items()}
    return record


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
