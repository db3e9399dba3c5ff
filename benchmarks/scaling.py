"""A training step on several devices, in several processes, and as batch, images, networks grow.

    python -m benchmarks.scaling [--batch 8] [--size 60] [--features 32] [--layers 5] [--json FILE]

The paper's alternation, with real JPEGs in between. First at one global batch on 1, 2, 4 and 8
devices, and in 2 processes of one device each: seconds per step, and how far the parameters are
from those of one device after three steps from the same start, relative to the largest value of
each array. Then on one device at other sizes, with the arithmetic. The photographs come with the
extra `photographs`.

A CPU's devices are virtual and share its cores: their ratios show overhead, and how well the cores
are used, no speed-up. Of accelerators only GPUs can be counted off. All settings take their steps
in turn, in processes that live side by side. What the host adds is told in two ways: `calls` is the
time until the calls of `compact`, `rec_step` and `com_step` return, while the devices may still be
at work; `floor` is a whole step of networks with as many arrays but one feature, on images of 8x8
pixels, so with next to no arithmetic: calls, threads, copies, averaging, codec. Times are medians,
in seconds; `codec_ms` is in milliseconds per image, with as many threads as cores.
"""

import argparse
import functools
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks.arithmetic import step_flops
from benchmarks.processes import look, processes
from jaxshrink.codecs import codec_by_name, round_trip_batch
from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.models import ComCNN, Networks, RecCNN
from jaxshrink.training import devices
from jaxshrink.training.schedules import alternating
from jaxshrink.training.state import TrainState, create_optimizer, create_state
from jaxshrink.training.steps import Setup, Steps, create_steps

NUM_DEVICES = (1, 2, 4, 8)
OPTIMIZER = create_optimizer(1e-3, 0.9, 0.999, 1e-8, l2=0.0)
Row = dict[str, Any]


class Sizes(NamedTuple):
    """Images of all devices, their side; of the networks the width, and RecCNN's layers."""

    batch: int
    side: int
    features: int
    layers: int

    def networks(self) -> Networks:
        rec = RecCNN(features=self.features, num_layers=self.layers)
        return Networks(ComCNN(features=self.features), rec)


class Seconds(NamedTuple):
    """Of one step: all of it, the calls, the codec."""

    step: float
    calls: float
    codec: float


class Trial:
    """Training at some sizes: one process's part of it."""

    def __init__(self, sizes: Sizes) -> None:
        mapped = devices.map_over_devices(create_steps(Setup(sizes.networks(), OPTIMIZER, seed=0)))
        self._steps = Steps(*[self._timed("calls", step) for step in mapped])
        codec, pool = codec_by_name("jpeg-optimized"), ThreadPoolExecutor(os.cpu_count())
        self._round_trip = self._timed("codec", lambda y, _: round_trip_batch(y, codec, 50, pool))
        part = sizes.batch // jax.process_count()
        first = jax.process_index() * part
        self._x = devices.shard(_photographs(sizes.batch, sizes.side)[first : first + part])
        self._quality = devices.shard(np.full(part, 50.0, np.float32))

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = function(*arguments)
            self._seconds[name] += time.perf_counter() - start
            return result

        return call

    def start(self, state: TrainState) -> list[np.ndarray]:
        """Takes the first three steps, which compiles them; returns the parameters."""
        self._state = devices.replicate(state)
        for _ in range(3):
            self.step()
        return [np.array(leaf) for leaf in jax.tree.leaves(self._state.variables)]

    def step(self) -> Seconds:
        self._seconds = {"calls": 0.0, "codec": 0.0}
        start = time.perf_counter()
        self._state, metrics = alternating(
            self._steps, self._round_trip, self._state, self._x, self._quality
        )
        jax.block_until_ready((self._state, metrics))
        return Seconds(time.perf_counter() - start, **self._seconds)


def _photographs(num: int, side: int) -> np.ndarray:
    """Windows of a photograph that a package ships, uint8 (num, side, side, 3)."""
    photograph = read_image(packaged_photographs("astronaut.png")[0], 3, 10**6)
    corners = np.random.default_rng(0).integers(512, size=(num, 2, 1))
    window = (corners + np.arange(side)) % 512
    return photograph[window[:, 0, :, None], window[:, 1, None, :]]


def _state(sizes: Sizes) -> TrainState:
    return jax.device_get(create_state(sizes.networks(), OPTIMIZER, 0))


_trial = functools.cache(Trial)


def _call(method: str, sizes: Sizes, *arguments: Any) -> Any:
    return getattr(_trial(sizes), method)(*arguments)


def compare(settings: Mapping[str, list[list[int]]], sizes: Sizes, repeats: int) -> Iterator[Row]:
    """The same step with other devices or processes, each against the first setting."""
    tiny = sizes._replace(side=8, features=1)
    with ExitStack() as stack:
        asks = [stack.enter_context(processes(visible)) for visible in settings.values()]
        states = [asks[0](_state, s) for s in (sizes, tiny)]

        def start(ask: Callable[..., Any]) -> list[np.ndarray]:
            ask(_call, "start", tiny, states[1])
            return ask(_call, "start", sizes, states[0])

        with ThreadPoolExecutor() as pool:
            ends = list(pool.map(start, asks))
        rounds = [
            [(ask(_call, "step", sizes), ask(_call, "step", tiny)) for ask in asks]
            for _ in range(repeats)
        ]
    base = statistics.median(first.step for (first, _), *_ in rounds)
    for setting, times, end in zip(settings, zip(*rounds, strict=True), ends, strict=True):
        row = _summary([seconds for seconds, _ in times])
        differences = [
            np.abs(a - b).max() / max(np.abs(b).max(), 1e-12)
            for a, b in zip(end, ends[0], strict=True)
        ]
        floor = statistics.median(seconds.step for _, seconds in times)
        row |= {"ratio": row["step"] / base, "floor": floor, "difference": float(max(differences))}
        yield {"setting": setting, **row}


def grow(sizes: Sizes, repeats: int) -> Iterator[Row]:
    """The step on one device with more images, larger ones, narrower and wider networks."""
    small = sizes._replace(batch=max(1, sizes.batch // 4))
    variants = [small._replace(batch=small.batch * k) for k in (1, 2, 4)]
    variants += [small._replace(side=sizes.side * k) for k in (2, 3)]
    variants += [small._replace(features=max(1, sizes.features * k // 2)) for k in (1, 4)]
    with processes([[0]]) as ask:
        states: dict[int, TrainState] = {}
        for variant in variants:
            batch, side, features, layers = variant
            if features not in states:
                states[features] = ask(_state, variant)
            ask(_call, "start", variant, states[features])
            row = _summary([ask(_call, "step", variant) for _ in range(repeats)])
            gflop = batch * step_flops(side, side, features=features, num_layers=layers) / 1e9
            row |= {"s_per_mpx": row["step"] / (batch * side**2 / 1e6), "gflop": gflop}
            row |= {"gflop_per_s": gflop / row["step"], "codec_ms": row["codec"] / batch * 1e3}
            yield {**variant._asdict(), **row}


def _summary(times: list[Seconds]) -> Row:
    """Medians, and the shortest and the longest step."""
    medians = {f: statistics.median(getattr(t, f) for t in times) for f in Seconds._fields}
    return {**medians, "shortest": min(times).step, "longest": max(times).step}


def _tell(columns: Mapping[str, str], rows: Iterator[Row]) -> list[Row]:
    """Prints a table, row by row; a column is a key and a format."""
    print("\n" + " ".join(f"{name:>11}" for name in columns), flush=True)
    told = []
    for row in rows:
        print(" ".join(f"{row[name]:>11{form}}" for name, form in columns.items()), flush=True)
        told.append(row)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8, help="of all devices; the paper: 20")
    parser.add_argument("--size", type=int, default=60, help="of the images; the paper: 180")
    parser.add_argument("--features", type=int, default=32, help="the paper: 64")
    parser.add_argument("--layers", type=int, default=5, help="of RecCNN; the paper: 20")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where to write the figures, too")
    args = parser.parse_args()
    sizes = Sizes(args.batch, args.size, args.features, args.layers)
    platform, num_devices, kind = look()
    if platform != "gpu":
        num_devices = max(NUM_DEVICES) if platform == "cpu" else 1
    report: Row = {"jax": jax.__version__, "device": kind, "cores": os.cpu_count()}
    report |= {**sizes._asdict(), "repeats": args.repeats}
    print(", ".join(f"{name} {value}" for name, value in report.items()))

    settings = {f"{n} device{'s'[: n - 1]}": [list(range(n))] for n in NUM_DEVICES}
    settings["2 processes"] = [[0], [1]]
    for name, visible in list(settings.items()):
        count = sum(map(len, visible))
        if count > num_devices or sizes.batch % count:
            print(f"left out: {name}, for want of devices or as the batch cannot be divided so")
            del settings[name]
    columns = {"setting": "", **dict.fromkeys(("step", "shortest", "longest"), ".3f")}
    columns |= {"ratio": ".2f", **dict.fromkeys(("calls", "codec", "floor"), ".4f")}
    columns["difference"] = ".1e"
    report["settings"] = _tell(columns, compare(settings, sizes, args.repeats))
    columns = dict.fromkeys(Sizes._fields, "d") | dict.fromkeys(("step", "s_per_mpx"), ".3f")
    columns |= dict.fromkeys(("gflop", "gflop_per_s", "codec_ms"), ".1f")
    report["growth"] = _tell(columns, grow(sizes, args.repeats))
    if args.json:
        temporary = args.json.with_name(f".{args.json.name}.tmp")
        temporary.write_text(json.dumps(report, indent=2) + "\n")
        os.replace(temporary, args.json)


if __name__ == "__main__":
    main()
