"""Where the time of training goes, and what PyTorch takes for the same.

    python -m benchmarks.training [--batch 20] [--dtype bfloat16] [--torch PYTHON] [--json FILE]

The paper's networks on the photographs that packages carry, one step and its parts in turn within
one run: ComCNN's compact images, both updates, the whole alternation in the paper's order and
overlapped, each also with a precomputed result in place of the codec's, and the codec, the input
pipeline and a product of square matrices alone. Prints seconds (median, least, greatest), images
per second, the arithmetic rate and its share of that of the matrix product; what the codec adds;
what compiling took; peak memory. With --torch, an interpreter that has PyTorch, numpy and Pillow,
every round times `torch_peer.py`, too, and the ratio to its best variant is printed.

--batch 4 is the default, since a step of the paper's 20 takes a CPU most of a minute; all parts but
the matrix product grow with the batch.
"""

import argparse
import os
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.arithmetic import com_step_flops, comcnn_flops, rec_step_flops, step_flops
from benchmarks.peer import Peer, compare
from benchmarks.timing import interleaved, ratios, save_json, summary, text
from configs import paper
from jaxshrink.codecs import codec_by_name, round_trip_batch
from jaxshrink.data import BatchSampler, prefetch
from jaxshrink.models import create_networks
from jaxshrink.runs.restore import open_cohort_of
from jaxshrink.training import devices
from jaxshrink.training.schedules import alternating, overlapped
from jaxshrink.training.state import create_optimizer, create_state
from jaxshrink.training.steps import Setup, create_steps

_NUM_BATCHES = 5  # of the input pipeline, in one measurement


class Training:
    """What is measured, ready to run."""

    def __init__(self, options: argparse.Namespace, pool: ThreadPoolExecutor) -> None:
        config = paper.get_config()
        config.model.com.features = config.model.rec.features = options.features
        config.model.rec.num_layers = options.layers
        config.data.train, config.data.resize = "packaged:train", None
        config.data.memory_limit = 0  # every use decodes
        self._config, self._options, self._pool = config, options, pool
        networks = create_networks(config.model.to_dict(), options.dtype)
        optimizer = create_optimizer(
            config.learning_rate, config.b1, config.b2, config.epsilon, config.l2
        )
        self._steps = devices.map_over_devices(create_steps(Setup(networks, optimizer, seed=0)))
        self._state = devices.replicate(create_state(networks, optimizer, 0))
        self._sampler = BatchSampler(
            open_cohort_of(config, "train", pool),
            batch_size=options.batch,
            seed=0,
            crop=options.size,
        )
        self._x = devices.shard(self._sampler.batch(0))
        self._quality = devices.shard(np.full(options.batch, config.codec.quality, np.float32))
        y, self._tables = self._steps.compact(self._state, self._x, self._quality)
        self._y = devices.join(y)
        self._y_hat = self._codec(self._y, self._tables)

    def functions(self) -> dict[str, Callable[[], Any]]:
        """What is measured, by name."""
        side = 2048 if jax.default_backend() == "cpu" else 8192
        matrix = jnp.ones((side, side), self._options.dtype)
        self.product_flops = 2 * side**3
        product = jax.jit(lambda a: a @ a)
        y_hat = devices.split(self._y_hat)
        steps = self._steps
        one_thread = ThreadPoolExecutor(1)

        def update(step: Callable, *arrays: Any) -> None:
            self._state, _ = step(self._state, *arrays)
            jax.block_until_ready(self._state)

        def advance(schedule: Callable, round_trip: Callable) -> None:
            self._state, _ = schedule(steps, round_trip, self._state, self._x, self._quality)
            jax.block_until_ready(self._state)

        def known(y: np.ndarray, tables: np.ndarray) -> np.ndarray:
            return self._y_hat

        def read() -> None:
            for _ in prefetch(self._sampler, 1, 1 + _NUM_BATCHES, self._pool, _NUM_BATCHES):
                pass

        return {
            "matrix product": lambda: jax.block_until_ready(product(matrix)),
            "compact": lambda: np.asarray(steps.compact(self._state, self._x, self._quality)[0]),
            "rec_step": lambda: update(steps.rec_step, self._x, y_hat, self._quality),
            "com_step": lambda: update(steps.com_step, self._x, self._quality),
            "step": lambda: advance(alternating, self._codec),
            "step, codec precomputed": lambda: advance(alternating, known),
            "overlapped step": lambda: advance(overlapped, self._codec),
            "overlapped step, codec precomputed": lambda: advance(overlapped, known),
            "codec": lambda: self._codec(self._y, self._tables),
            "codec, one thread": lambda: self._round_trip(self._y, one_thread),
            f"input, {_NUM_BATCHES} batches": read,
        }

    def flops(self) -> dict[str, float]:
        """Floating-point operations of what is made of them."""
        size = (self._options.size, self._options.size)
        com = {"features": self._options.features}
        both = {**com, "num_layers": self._options.layers}
        step = step_flops(*size, **both)
        one = {
            "compact": comcnn_flops(*size, **com),
            "rec_step": rec_step_flops(*size, **both),
            "com_step": com_step_flops(*size, **both),
            "step": step,
            "step, codec precomputed": step,
            "overlapped step": step,
            "overlapped step, codec precomputed": step,
        }
        total = {name: self._options.batch * flops for name, flops in one.items()}
        return {"matrix product": self.product_flops, **total}

    def _codec(self, y: np.ndarray, tables: Any) -> np.ndarray:
        return self._round_trip(y, self._pool)

    def _round_trip(self, y: np.ndarray, pool: ThreadPoolExecutor) -> np.ndarray:
        codec = self._config.codec
        return round_trip_batch(y, codec_by_name(codec.name), codec.quality, pool)


def main() -> None:
    options = _parse()
    if options.devices:
        jax.config.update("jax_num_cpu_devices", options.devices)
    devices.divide_cpu(options.batch)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        training = Training(options, pool)
        functions = training.functions()
        about = {
            "jax": jax.__version__,
            "device": jax.devices()[0].device_kind,
            "devices": jax.device_count(),
            **{k: v for k, v in vars(options).items() if k not in ("torch", "json", "devices")},
        }
        print(", ".join(f"{name} {value}" for name, value in about.items()), flush=True)
        if options.torch:
            shape = {"batch": options.batch, "height": options.size, "width": options.size}
            network = {"features": options.features, "layers": options.layers}
            with Peer(options.torch, "training", **shape, **network, dtype=options.dtype) as peer:
                about["torch"] = peer.version
                first, times = interleaved({**functions, **peer.variants}, options.repeats)
        else:
            first, times = interleaved(functions, options.repeats)
    result = {"about": about, "first": first, "seconds": times}
    result |= _report(options, training.flops(), times, first)
    if options.torch:
        result["torch"] = compare(times, "step")
    save_json(options.json, result)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=180, help="side of the photographs")
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--layers", type=int, default=20, help="of RecCNN")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--devices", type=int, help="of a CPU; default: as launch.py does")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--json", metavar="FILE")
    return parser.parse_args()


def _report(
    options: argparse.Namespace, flops: dict[str, float], times: dict, first: dict
) -> dict[str, Any]:
    """Prints the tables; returns what they derive from the times."""
    width = max(map(len, times))
    rates = {name: count / summary(times[name])["median"] for name, count in flops.items()}
    print(f"{'':<{width}}  seconds                 first call  images/s  GFLOP/s  of the product")
    for name, values in times.items():
        line = f"{name:<{width}}  {text(summary(values)):<22}  {first[name][0]:10.2f}"
        if name != "matrix product":
            images = options.batch * (_NUM_BATCHES if name.startswith("input") else 1)
            line += f"  {images / summary(values)['median']:8.1f}"
        else:
            line += " " * 10
        if name in rates:
            line += f"  {rates[name] / 1e9:7.0f}  {rates[name] / rates['matrix product']:6.0%}"
        print(line, flush=True)
    codec = summary(times["codec, one thread"])["median"] / options.batch
    print(f"codec: {1e3 * codec:.2f} ms per image and thread")
    added = {}
    for name in ("step", "overlapped step"):
        known = times[f"{name}, codec precomputed"]
        added[name] = ratios(times[name], known)
        alone = ratios(times["codec"], known)
        print(
            f"{name}: {text(added[name])} of that without codec,"
            f" {min(times[name]) / min(known):.3f} by the least times;"
            f" the codec alone is {alone['median']:.2%} of it"
        )
    peak = _peak_memory()
    print(f"peak memory: {peak / 1e9:.2f} GB", flush=True)
    return {"flops_per_second": rates, "with_codec_over_without": added, "peak_bytes": peak}


def _peak_memory() -> float:
    """In bytes: of the device, where it counts them, else of the process."""
    statistics = jax.devices()[0].memory_stats()
    if statistics and "peak_bytes_in_use" in statistics:
        return statistics["peak_bytes_in_use"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
