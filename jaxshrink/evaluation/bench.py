"""`jaxshrink bench`: methods compared on images; tables, JSON, plots and a report."""

import dataclasses
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxshrink.errors import ConfigError, DataError, MethodError
from jaxshrink.evaluation.cache import PointCache
from jaxshrink.evaluation.external import ExternalMethod
from jaxshrink.evaluation.methods import JPEG_ANCHORS, Method, method_by_name
from jaxshrink.evaluation.plots import save_plot
from jaxshrink.evaluation.rate_distortion import (
    Curve,
    curve_of,
    curve_to_json,
    points_to_json,
    read_curve,
)
from jaxshrink.evaluation.scores import METRICS
from jaxshrink.evaluation.suite import Suite, open_suite
from jaxshrink.evaluation.sweep import SweepResult, sweep
from jaxshrink.evaluation.tables import BdTable, bd_table, bd_to_json, format_bd_table
from jaxshrink.extras import import_extra
from jaxshrink.workdir import write_json

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class BenchOptions:
    """What the command line says; see `jaxshrink bench --help`.

    Attributes:
      locations: of images.
      methods: names; both JPEG anchors are measured in any case.
      external: "NAME=COMMAND" each.
      qualities: method -> what to sweep, instead of the method's own.
      metrics: names in `METRICS`.
      anchor: the curve that bd_rate.json compares with.
      window: (lowest, highest) bits per pixel that count for BD-rates.
      compare: files with published curves.
      num_processes: for codecs.
      output: folder.
      log_rate: logarithmic rates in the plots.
    """

    locations: Sequence[str]
    methods: Sequence[str]
    external: Sequence[str]
    qualities: Mapping[str, Sequence[float]]
    metrics: Sequence[str]
    anchor: str
    window: tuple[float, float]
    compare: Sequence[Path]
    num_processes: int
    output: Path
    log_rate: bool


def bench(options: BenchOptions) -> None:
    """Measures, prints the BD-rates, and writes everything below `options.output`.

    Raises:
      ConfigError, CheckpointError, MissingExtraError: before any work is done.
      DataError, MethodError: before it, if there is nothing to measure; after it, if single
        images or points failed. What is good has been written then.
    """
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
    cache = PointCache(options.output / "cache" / "points.jsonl")
    try:
        result = sweep(suite, qualities, options.metrics, cache, options.num_processes)
    finally:
        cache.close()
    _log.info("%d points measured, the others were known", result.num_measured)
    measured = _write_results(options.output, suite, methods, result)
    _write_comparison(options, [*measured, *published])
    _report_failures(suite, result)


def _check_metrics(metrics: Sequence[str]) -> None:
    for name in metrics:
        if name not in METRICS:
            raise ConfigError(f"unknown metric {name!r}; known: {', '.join(METRICS)}")
    if "ssimulacra2" in metrics:
        import_extra("ssimulacra2", "ssimulacra2")


def _open_methods(options: BenchOptions) -> list[Method]:
    names = dict.fromkeys([*JPEG_ANCHORS, *options.methods])
    return [
        *map(method_by_name, names),
        *map(ExternalMethod.parse, options.external),
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


def _write_comparison(options: BenchOptions, curves: Sequence[Curve]) -> None:
    """Writes the BD-rates and the plots, and prints the table."""
    by_name = {curve.name: curve for curve in curves}
    if options.anchor not in by_name:
        raise MethodError(f"the anchor {options.anchor} has no curve: it failed everywhere")
    anchors = dict.fromkeys([options.anchor, *JPEG_ANCHORS])
    tables: dict[str, BdTable] = {
        name: bd_table(curves, by_name[name], options.window) for name in anchors if name in by_name
    }
    write_json(options.output / "bd_rate.json", bd_to_json(tables[options.anchor]))
    for metric in options.metrics:
        save_plot(curves, metric, options.output / metric, log_rate=options.log_rate)
    print(format_bd_table(tables, options.window))
    print(f"written to {options.output}")


def _report_failures(suite: Suite, result: SweepResult) -> None:
    """Raises what went wrong on single images, when everything good has been written."""
    for message in (*suite.bad_files, *result.failures):
        _log.warning("left out: %s", message)
    if result.failures:
        raise MethodError(f"{len(result.failures)} points failed, e.g. {result.failures[0]}")
    if suite.bad_files:
        total = len(suite.images) + len(suite.bad_files)
        raise DataError(f"{len(suite.bad_files)} of {total} images left out: {suite.bad_files[0]}")
