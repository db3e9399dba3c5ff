"""The 3x3 convolution on a CPU against XLA's own.

    python -m benchmarks.conv [--repeats 3]

Prints, for two shapes, the time of the convolution and of its kernel gradient and, for the paper's
RecCNN on 64 patches of 40x40, that of a whole gradient step, each in both ways within one run,
interleaved; the ratio is that of the medians.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import jax

from jaxshrink.models import RecCNN
from jaxshrink.ops import conv, losses

SHAPES = ((4, 180, 180, 64), (64, 40, 40, 64))
PATCHES = (64, 40, 40, 3)


def seconds(function: Callable[..., Any], *arrays: jax.Array) -> float:
    """Wall time of one call of a compiled function."""
    start = time.perf_counter()
    jax.block_until_ready(function(*arrays))
    return time.perf_counter() - start


def compare(
    ours: Callable[..., Any], xla: Callable[..., Any], repeats: int, *arrays: jax.Array
) -> tuple[float, float]:
    """Median seconds of both, called in turn."""
    for function in (ours, xla):
        jax.block_until_ready(function(*arrays))
    pairs = [(seconds(ours, *arrays), seconds(xla, *arrays)) for _ in range(repeats)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def compile_reccnn_gradient(*arguments: Any) -> Callable[..., Any]:
    """The gradient of eq. 3 for the paper's RecCNN, traced anew."""

    def gradient(params: Any, up_y_hat: jax.Array, x: jax.Array) -> Any:
        def loss(params: Any) -> jax.Array:
            residual: Any = RecCNN().apply({"params": params}, up_y_hat)
            return losses.Distortion(squared_error=1.0)(up_y_hat + residual, x).mean()

        return jax.grad(loss)(params)

    return jax.jit(gradient).lower(*arguments).compile()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}; medians of {repeats}")
    print(f"{'':<36} {'ours':>9} {'XLA':>9} {'ratio':>6}")
    key = jax.random.key(0)

    def report(title: str, ours: float, xla: float) -> None:
        print(f"{title:<36} {ours:8.3f}s {xla:8.3f}s {xla / ours:5.1f}x", flush=True)

    for shape in SHAPES:
        x, dy = jax.random.normal(key, (2, *shape))
        kernel = jax.random.normal(key, (3, 3, shape[3], shape[3]))
        pair = jax.jit(conv.conv3x3), jax.jit(conv.xla_conv3x3)
        report(f"convolution {shape}", *compare(*pair, repeats, x, kernel))
        pair = jax.jit(conv.kernel_gradient), jax.jit(conv.xla_kernel_gradient)
        report(f"kernel gradient {shape}", *compare(*pair, repeats, x, dy))

    x, up_y_hat = jax.random.uniform(key, (2, *PATCHES))
    params: Any = RecCNN().init(key, x)["params"]
    # A zero last layer, the initial one, would make most gradients zero.
    params = jax.tree.map(lambda p: p + 0.01, params)
    ours = compile_reccnn_gradient(params, up_y_hat, x)
    with mock.patch.object(conv, "conv3x3", conv.xla_conv3x3):
        xla = compile_reccnn_gradient(params, up_y_hat, x)
    report("RecCNN gradient step, 64 x 40x40", *compare(ours, xla, repeats, params, up_y_hat, x))


if __name__ == "__main__":
    main()
