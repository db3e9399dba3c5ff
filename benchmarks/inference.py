"""How long networks take on whole photographs, and what PyTorch takes for the same.

    python -m benchmarks.inference [--torch PYTHON] [--json FILE]

First the paper's RecCNN at 768x512, 8 bits in and out, with what binds it: a product of square
matrices, and one of its inner layers alone. With --torch, an interpreter that has PyTorch, numpy
and Pillow, every round times `torch_peer.py`, too. Then the shipped model on a photograph of 1.5
megapixels: `expand` and one `encode` at each scale, and the whole search of `jaxshrink compress
-q 75`, in seconds per megapixel. Everything in turn, within one run; prints seconds (median, least,
greatest) and peak memory.
"""

import argparse
import functools
import resource
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.arithmetic import reccnn_flops
from benchmarks.peer import Peer, compare
from benchmarks.timing import interleaved, save_json, summary, text
from jaxshrink.compression.model import Model
from jaxshrink.compression.rate_search import search
from jaxshrink.compression.targets import Options, Target
from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.models import create_networks
from jaxshrink.models.networks import init_variables
from jaxshrink.ops.conv import conv3x3
from jaxshrink.shipped.index import DEFAULT_MODEL

_PHOTOGRAPH = (1000, 1500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--height", type=int, default=512)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--layers", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}, repeats {options.repeats}")
    result = {"reccnn": _paper(options), "tool": _tool(options.repeats)}
    save_json(options.json, result)


def _paper(options: argparse.Namespace) -> dict[str, Any]:
    """RecCNN as the paper has it."""
    functions, flops = _paper_functions(options)
    if options.torch:
        shape = {name: getattr(options, name) for name in ("height", "width", "features", "layers")}
        with Peer(options.torch, "inference", batch=1, **shape) as peer:
            first, times = interleaved({**functions, **peer.variants}, options.repeats)
    else:
        first, times = interleaved(functions, options.repeats)
    width = max(map(len, times))
    print(f"{'':<{width}}  seconds                 first call  GFLOP/s")
    for name, values in times.items():
        rate = flops.get(name, flops["RecCNN"]) / summary(values)["median"]
        line = f"{name:<{width}}  {text(summary(values)):<22}  {first[name][0]:10.2f}"
        print(f"{line}  {rate / 1e9:7.0f}", flush=True)
    result: dict[str, Any] = {"first": first, "seconds": times}
    if options.torch:
        result["torch"] = compare(times, "RecCNN")
    return result


def _paper_functions(
    options: argparse.Namespace,
) -> tuple[dict[str, Callable[[], Any]], dict[str, float]]:
    """What is measured, by name, and the floating-point operations of each."""
    height, width, features = options.height, options.width, options.features
    rec = {"features": features, "num_layers": options.layers}
    settings = {"architecture": "paper", "channels": 3, "com": {}, "rec": rec}
    networks = create_networks(settings)
    pipeline = Pipeline(networks, init_variables(networks, jax.random.key(0), jax.random.key(1)))
    y_hat = np.random.default_rng(0).integers(0, 256, (1, height // 2, width // 2, 3), np.uint8)
    side = 2048 if jax.default_backend() == "cpu" else 8192
    matrix, hidden = jnp.ones((side, side)), jnp.ones((1, height, width, features))
    kernel, bias = jnp.ones((3, 3, features, features)), jnp.ones(features)
    product = jax.jit(jnp.matmul)
    layer = jax.jit(lambda *arrays: conv3x3(*arrays, True))
    inner = 2 * 9 * height * width * features**2
    functions = {
        "matrix product": lambda: jax.block_until_ready(product(matrix, matrix)),
        "inner layer": lambda: jax.block_until_ready(layer(hidden, kernel, bias)),
        "RecCNN": lambda: pipeline.reconstruct(y_hat, (height, width)),
    }
    flops = {
        "matrix product": 2.0 * side**3,
        "inner layer": float(inner),
        "RecCNN": reccnn_flops(height, width, **rec),
    }
    return functions, flops


def _tool(repeats: int) -> dict[str, Any]:
    """The shipped model on a photograph that is repeated until it is large enough."""
    part = read_image(packaged_photographs("astronaut.png")[0], 3, 10**6)
    height, width = _PHOTOGRAPH
    x = np.tile(part, (-(-height // part.shape[0]), -(-width // part.shape[1]), 1))[:height, :width]
    model = Model.load(DEFAULT_MODEL)
    files = {scale: model.encode(x, 40, scale) for scale in (2, 1)}
    functions: dict[str, Callable[[], Any]] = {}
    for scale, file in files.items():
        functions[f"expand, scale {scale}"] = functools.partial(model.reconstruct, file)
        functions[f"encode, scale {scale}"] = functools.partial(model.encode, x, 40, scale)
    functions["compress -q 75"] = lambda: search(
        model, x, Target(jpeg_quality=75), Options(model.ways())
    )
    first, times = interleaved(functions, repeats)
    megapixels = x.shape[0] * x.shape[1] / 1e6
    print(f"{DEFAULT_MODEL}, {width}x{height}: seconds per megapixel, first call")
    for name, values in times.items():
        each = {key: value / megapixels for key, value in summary(values).items()}
        print(f"{name:<18}  {text(each):<22}  {first[name][0] / megapixels:6.2f}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak *= 1 if sys.platform == "darwin" else 1024
    print(f"peak memory: {peak / 1e9:.2f} GB", flush=True)
    return {"megapixels": megapixels, "first": first, "seconds": times, "peak_bytes": peak}


if __name__ == "__main__":
    main()
