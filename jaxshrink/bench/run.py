"""`jaxshrink bench`: methods compared on images; tables, JSON, plots and a report."""

import dataclasses
import logging
import math
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxshrink.bench.cache import PointCache
from jaxshrink.bench.curves import Curve, curve_of, curve_to_json, points_to_json, read_curve
from jaxshrink.bench.methods.base import Method
from jaxshrink.bench.methods.by_name import method_by_name
from jaxshrink.bench.methods.codec import JPEG_ANCHORS
from jaxshrink.bench.methods.external import ExternalMethod
from jaxshrink.bench.report.page import Report, write_report
from jaxshrink.bench.report.pictures import make_all_pictures
from jaxshrink.bench.report.plots import save_plot
from jaxshrink.bench.report.tables import (
    BD_METRICS,
    BdTable,
    bd_table,
    bd_to_json,
    format_bd_table,
    format_plain_views,
)
from jaxshrink.bench.suite import Suite, open_suite
from jaxshrink.bench.sweep import SweepResult, Task, sweep
from jaxshrink.bench.workers import Workers
from jaxshrink.console import escaped, say
from jaxshrink.errors import ConfigError, DataError, MethodError
from jaxshrink.evaluation.metrics import METRICS
from jaxshrink.optional import import_extra
from jaxshrink.runs.workdir import write_json

_log = logging.getLogger(__name__)
_PROBE = 2**12  # bytes that there must be room for


@dataclasses.dataclass(frozen=True)
class BenchOptions:
    """What the command line says; see `jaxshrink bench --help`.

    Attributes:
      locations: folders and files of images.
      methods: names; both JPEG anchors are measured in any case.
      external: "NAME=COMMAND" each.
      timeout: seconds that such a command may take for an image.
      qualities: method -> what to sweep, instead of the method's own.
      metrics: names in `METRICS`; those of `BD_METRICS` are always measured, and first.
      anchor: the curve that bd_rate.json compares with.
      window: (lowest, highest) bits per pixel that count for BD-rates.
      compare: files with published curves.
      num_processes: processes that measure codecs at once.
      output: folder.
      log_rate: logarithmic rates in the plots.
      num_pictures: images that the report shows.
    """

    locations: Sequence[str]
    methods: Sequence[str]
    external: Sequence[str]
    timeout: float
    qualities: Mapping[str, Sequence[float]]
    metrics: Sequence[str]
    anchor: str
    window: tuple[float, float]
    compare: Sequence[Path]
    num_processes: int
    output: Path
    log_rate: bool
    num_pictures: int


def bench(options: BenchOptions) -> None:
    """Measures, prints the BD-rates, and writes everything below `options.output`.

    Raises:
      ConfigError, CheckpointError, MissingExtraError: before any work is done.
      DataError, MethodError: before it, if there is nothing to measure; after it, if single
        images or points failed. What is good has been written then.
    """
    metrics = tuple(dict.fromkeys((*BD_METRICS, *options.metrics)))
    options = dataclasses.replace(options, metrics=metrics)
    suite, qualities, published = _open_all(options)
    methods = list(qualities)
    folder = options.output / "cache"
    _check_writable(options, methods)
    workers = Workers(options.num_processes)
    cache = PointCache(folder / "points.jsonl")
    try:
        result = sweep(suite, qualities, options.metrics, cache, workers)
    finally:
        cache.close()
    _log.info("%d points measured, the others were known", result.num_measured)
    measured = _write_results(options.output, suite, methods, result)
    curves = [*measured, *published]
    tables = _write_comparison(options, curves)
    shown = _shown(methods, measured, options.window)
    tasks = [Task(shown[0], image, shown[1]) for image in suite.images[: options.num_pictures]]
    report = Report(
        title=f"{shown[0].name} on {_title(options.locations)}",
        curves=curves,
        tables=tables,
        window=options.window,
        metrics=options.metrics,
        num_images=len(suite.images),
        shown=(shown[0].name, shown[1]),
        pictures=make_all_pictures(tasks, options.metrics, workers, folder / "pictures"),
        problems=(*suite.bad_files, *result.failures),
    )
    write_report(report, options.output / "report.html")
    place, page = (escaped(str(path)) for path in (options.output, options.output / "report.html"))
    say(f"written to {place}; the report is {page}")
    _raise_failures(suite, result)


def _open_all(options: BenchOptions) -> tuple[Suite, dict[Method, Sequence[float]], list[Curve]]:
    """Opens images, methods with their sweeps, and published curves, and checks everything."""
    for module in ("scipy", "matplotlib"):
        import_extra(module, "bench")
    _check_metrics(options.metrics)
    published = [read_curve(path) for path in options.compare]
    methods = _open_methods(options)
    _check_names([m.name for m in methods], [c.name for c in published], options)
    suite = open_suite(options.locations)
    qualities = {m: options.qualities.get(m.name, m.qualities) for m in methods}
    for method, sweep_of in qualities.items():
        method.check(suite.channels, sweep_of)
    return suite, qualities, published


def _check_metrics(metrics: Sequence[str]) -> None:
    for name in metrics:
        if name not in METRICS:
            raise ConfigError(f"unknown metric {name!r}; known: {', '.join(METRICS)}")


def _open_methods(options: BenchOptions) -> list[Method]:
    names = dict.fromkeys([*JPEG_ANCHORS, *options.methods])
    return [
        *map(method_by_name, names),
        *(ExternalMethod.parse(text, options.timeout) for text in options.external),
    ]


def _check_names(methods: Sequence[str], published: Sequence[str], options: BenchOptions) -> None:
    names = [*methods, *published]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two curves are named {name!r}: rename a folder or a file's curve")
    if options.anchor not in names:
        raise ConfigError(f"unknown anchor {options.anchor!r}; known: {', '.join(names)}")
    for name in options.qualities:
        if name not in methods:
            raise ConfigError(f"--qualities {name}: no such method; known: {', '.join(methods)}")


def _check_writable(options: BenchOptions, methods: Sequence[Method]) -> None:
    """Raises DataError if a result could not be written once it has been measured."""
    names = ["bd_rate.json", "report.html"]
    names += [f"{metric}.{kind}" for metric in options.metrics for kind in ("svg", "png")]
    for method in methods:
        names += [f"{file_stem(method.name)}.json", f"{file_stem(method.name)}.per_image.json"]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two results would be the file {name}: rename a method")
    place = options.output / "cache" / "pictures"
    try:
        place.mkdir(parents=True, exist_ok=True)
        for folder in (options.output, place):
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(_PROBE))
    except OSError as error:
        raise DataError(f"{options.output}: cannot be written ({error.strerror})") from None
    for name in names:
        if (options.output / name).is_dir():
            raise DataError(f"{options.output / name}: cannot be written (it is a folder)")


def _write_results(
    folder: Path, suite: Suite, methods: Sequence[Method], result: SweepResult
) -> list[Curve]:
    """Writes METHOD.json and METHOD.per_image.json; returns the curves."""
    curves = []
    for method in methods:
        points = result.points[method.name]
        stem = file_stem(method.name)
        write_json(folder / f"{stem}.per_image.json", points_to_json(method, points))
        curve = curve_of(method, points, len(suite.images))
        if curve is not None:
            write_json(folder / f"{stem}.json", curve_to_json(curve, suite.channels))
            curves.append(curve)
    return curves


def file_stem(name: str) -> str:
    """A method's name as part of a file's name."""
    return re.sub(r"[^\w.@+-]+", "_", name)


def _write_comparison(options: BenchOptions, curves: Sequence[Curve]) -> dict[str, BdTable]:
    """Writes BD-rates and plots, prints the table; returns BD-rates by anchor."""
    by_name = {curve.name: curve for curve in curves}
    if options.anchor not in by_name:
        raise MethodError(f"the anchor {options.anchor} has no curve: it failed on some image")
    anchors = dict.fromkeys([options.anchor, "jpeg-optimized", "jpeg"])
    tables = {
        name: bd_table(curves, by_name[name], options.window) for name in anchors if name in by_name
    }
    write_json(options.output / "bd_rate.json", bd_to_json(tables[options.anchor]))
    for metric in options.metrics:
        save_plot(curves, metric, options.output / metric, log_rate=options.log_rate)
    say(format_bd_table(tables, options.window))
    plain_views = format_plain_views(curves)
    if plain_views:
        say(f"\n{plain_views}")
    return tables


def _shown(
    methods: Sequence[Method], curves: Sequence[Curve], window: tuple[float, float]
) -> tuple[Method, float]:
    """The method whose pictures the report shows, and the quality in the middle of the window.

    That is the last model; without one, the last method that is no JPEG anchor.
    """
    by_name = {curve.name: curve for curve in curves}
    complete = [method for method in methods if method.name in by_name]
    complete.sort(key=lambda method: (not method.parallel, method.name not in JPEG_ANCHORS))
    method = complete[-1]
    curve = by_name[method.name]
    middle = math.sqrt(window[0] * window[1])
    distances = [abs(math.log(rate / middle)) for rate in curve.bpp]
    quality = curve.values["quality"][distances.index(min(distances))]
    assert quality is not None
    return method, quality


def _title(locations: Sequence[str]) -> str:
    names = [Path(location).name or location for location in locations]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _raise_failures(suite: Suite, result: SweepResult) -> None:
    """Raises what went wrong on single images, when everything good has been written."""
    for message in (*suite.bad_files, *result.failures):
        _log.warning("left out: %s", message)
    if result.failures:
        raise MethodError(f"{len(result.failures)} points failed, e.g. {result.failures[0]}")
    if suite.bad_files:
        total = len(suite.images) + len(suite.bad_files)
        raise DataError(f"{len(suite.bad_files)} of {total} images left out: {suite.bad_files[0]}")
