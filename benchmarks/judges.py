"""BD-rates by judges that training and search never see: CVVDP, HaarPSI and FSIM.

    pip install '.[bench,judges]'
    python -m benchmarks.judges PHOTOGRAPHS.. [--methods photo,webp,avif] [--window 0.08:2] [-o DIR]

Photographs go through the methods of `jaxshrink bench` at the same qualities (`--qualities
METHOD=5,10,..` for others), and each decoded file is judged. Prints, against `jpeg-optimized`:
BD-rates by every judge; and the bytes that a method needs for what each judge gives the mean JPEG
of a quality, where "!" marks a judge whose sign is not SSIMULACRA2's. Both, and all means, are in
DIR/judges.json. An interrupted run goes on where it was.

CVVDP (ColorVideoVDP) takes the picture to be shown on a 30-inch 4K screen at 75 pixels per degree,
unless --display says otherwise. HaarPSI and FSIM (with colour) are those of `piq`; both are linear
in 0..1, and -10 log10(1 - score) here. A point of 768x512 takes about 5 seconds of a core.
"""

import argparse
import functools
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from jaxshrink.bench.bd_rate import bytes_at_equal_quality, compare_curves, decibels
from jaxshrink.bench.cache import PointCache, point_key
from jaxshrink.bench.curves import Curve, curve_of
from jaxshrink.bench.methods.base import Method, TimedTrip
from jaxshrink.bench.methods.by_name import method_by_name
from jaxshrink.bench.points import Point
from jaxshrink.bench.suite import Suite, open_suite
from jaxshrink.codecs import bits_per_pixel
from jaxshrink.inference.tiled_metrics import Reference
from jaxshrink.runs.workdir import write_json
from jaxshrink.shipped.index import DEFAULT_MODEL

_ANCHOR = "jpeg-optimized"
_ANCHOR_QUALITIES = (20, 30, 40, 50, 65, 75, 85)
# (original, decoded), uint8 (H, W, 3) -> score
Judge = Callable[[np.ndarray, np.ndarray], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", nargs="+")
    parser.add_argument(
        "--methods", type=lambda text: text.split(","), default=[DEFAULT_MODEL, "webp", "avif"]
    )
    parser.add_argument("--qualities", type=_sweep, action="append", default=[])
    parser.add_argument("--window", type=_window, default=(0.08, 2.0))
    parser.add_argument("--display", default="standard_4k", help="of CVVDP's; default: %(default)s")
    parser.add_argument("-o", type=Path, default=Path("judges"), metavar="DIR")
    arguments = parser.parse_args()
    judges = _judges(arguments.display)
    methods = [method_by_name(name) for name in dict.fromkeys([_ANCHOR, *arguments.methods])]
    sweeps = {m: dict(arguments.qualities).get(m.name, m.qualities) for m in methods}
    suite = open_suite(arguments.photographs)
    arguments.o.mkdir(parents=True, exist_ok=True)
    cache = PointCache(arguments.o / "points.jsonl")
    curves = [_curve(suite, method, sweep, judges, cache) for method, sweep in sweeps.items()]
    cache.close()
    tables = _compare(curves, list(judges), arguments.window)
    write_json(arguments.o / "judges.json", {**tables, "means": [_record(c) for c in curves]})
    _print(tables, arguments.window)


def _sweep(text: str) -> tuple[str, tuple[float, ...]]:
    name, _, numbers = text.rpartition("=")
    return name, tuple(float(number) for number in numbers.split(","))


def _window(text: str) -> tuple[float, float]:
    low, high = map(float, text.split(":"))
    return low, high


def _judges(display: str) -> dict[str, Judge]:
    """Name, with what it depends on -> judge; SSIMULACRA2 first, to compare with."""
    import piq
    import pycvvdp
    import torch

    cvvdp = pycvvdp.cvvdp(display_name=display, device=torch.device("cpu"))

    def by_cvvdp(x: np.ndarray, x_hat: np.ndarray) -> float:
        return float(cvvdp.predict(x_hat, x, dim_order="HWC")[0])

    def by_piq(metric: Callable, x: np.ndarray, x_hat: np.ndarray) -> float:
        pair = [torch.tensor(i.transpose(2, 0, 1)[None]).float() / 255 for i in (x_hat, x)]
        with torch.no_grad():
            return decibels(float(metric(*pair, data_range=1.0)))

    return {
        "SSIMULACRA2": lambda x, x_hat: Reference(x).ssimulacra2(x_hat),
        f"CVVDP {version('cvvdp')} {display}": by_cvvdp,
        f"HaarPSI piq {version('piq')}": functools.partial(by_piq, piq.haarpsi),
        f"FSIM piq {version('piq')}": functools.partial(by_piq, piq.fsim),
    }


def _curve(
    suite: Suite,
    method: Method,
    qualities: Sequence[float],
    judges: Mapping[str, Judge],
    cache: PointCache,
) -> Curve:
    """A method's means over all images, by every judge."""
    points: dict[float, dict[str, Point]] = {quality: {} for quality in qualities}
    for image in suite.images:
        x = image.read()
        for quality in qualities:
            key = point_key(method, image, quality, list(judges))
            point = cache.get(key)
            if point is None:
                point = _judged(x, method.trip(x, quality), quality, judges)
                cache.put(key, point)
            points[quality][image.name] = point
        print(f"{method.name}: {image.name}", flush=True)
    curve = curve_of(method, points, len(suite.images))
    assert curve is not None
    return curve


def _judged(x: np.ndarray, trip: TimedTrip, quality: float, judges: Mapping[str, Judge]) -> Point:
    bpp = bits_per_pixel(len(trip.data), (x.shape[0], x.shape[1]))
    scores = {name: judge(x, trip.x_hat) for name, judge in judges.items()}
    return Point(quality, len(trip.data), bpp, trip.encode_seconds, trip.decode_seconds, scores)


def _compare(
    curves: Sequence[Curve], judges: Sequence[str], window: tuple[float, float]
) -> dict[str, Any]:
    """{"bd_rate": {method: {judge: percent}}, "at_jpeg_quality": {method: {quality: ...}}}."""
    anchor, *others = curves
    steps = [i for i, q in enumerate(anchor.values["quality"]) if q in _ANCHOR_QUALITIES]
    bd_rates: dict[str, Any] = {curve.name: {} for curve in others}
    at_qualities: dict[str, Any] = {
        curve.name: {f"{anchor.values['quality'][i]:g}": {} for i in steps} for curve in others
    }
    for judge in judges:
        theirs = anchor.axis(judge)
        assert theirs is not None
        levels = [theirs[1][i] for i in steps]
        for curve in others:
            ours = curve.axis(judge)
            assert ours is not None
            bd_rates[curve.name][judge] = compare_curves(theirs, ours, window).bd_rate
            percents = bytes_at_equal_quality(theirs, ours, levels)
            for by_judge, percent in zip(at_qualities[curve.name].values(), percents, strict=True):
                by_judge[judge] = percent
    return {"bd_rate": bd_rates, "at_jpeg_quality": at_qualities}


def _record(curve: Curve) -> dict[str, Any]:
    return {"name": curve.name, "bpp": curve.bpp, **curve.values}


def _print(tables: Mapping[str, Any], window: tuple[float, float]) -> None:
    judges = list(next(iter(tables["bd_rate"].values())))
    print(f"\nPercent of bytes against {_ANCHOR}, {window[0]:g} to {window[1]:g} bits per pixel")
    for name, by_judge in tables["bd_rate"].items():
        print(f"{name:16}  " + "  ".join(f"{j.split()[0]} {_text(by_judge[j])}" for j in judges))
    print(f"\n... for what each judge gives the mean {_ANCHOR} of a quality")
    for name, by_quality in tables["at_jpeg_quality"].items():
        for quality, by_judge in by_quality.items():
            lead = by_judge["SSIMULACRA2"]
            cells = (f"{j.split()[0]} {_text(by_judge[j], lead)}" for j in judges)
            print(f"{name:16}  {quality:>3}  " + "  ".join(cells))


def _text(percent: float | None, lead: float | None = None) -> str:
    """A percentage; with "!" where its sign is not that of SSIMULACRA2's."""
    if percent is None:
        return "      - "
    against = lead is not None and percent * lead < 0
    return f"{percent:+7.1f}{'!' if against else ' '}"


if __name__ == "__main__":
    main()
