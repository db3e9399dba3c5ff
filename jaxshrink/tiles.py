"""The residual networks on photographs of any size, window by window.

Both networks compute at half of the photograph's resolution, and a position there depends on those
around it up to `radius` away, beside where it lies in the codec's blocks. So windows that overlap
by twice the radius give what the whole image gives; at the image's border they have its border, and
its zero padding. A window may start anywhere: the learned grid is rolled to fit. Windows come in
few sizes, see `cover.py`, so few functions are compiled.

Images are uint8 (H, W, C) on the host, tables (2, 8, 8).
"""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxshrink import cover
from jaxshrink.models import ResidualComCNN, ResidualRecCNN, Variables
from jaxshrink.ops import images

# A window's side, in the photograph's pixels.
LARGEST = 2 * cover.SIZES[-1]
# Windows that an accelerator computes at once.
_NUM_AT_ONCE = 8


def can_tile(network: Any) -> bool:
    """Whether a network is one of those described above."""
    return isinstance(network, ResidualComCNN | ResidualRecCNN)


def radius(network: Any) -> int:
    """How far a result depends on its surroundings, at half resolution.

    One pixel per convolution: the first, two per block, the last; never less than the two of
    the bicubic enlargement.
    """
    return 2 + 2 * network.num_blocks


def compact(
    com: Any, variables: Variables, x: np.ndarray, tables: np.ndarray, largest: int = LARGEST
) -> np.ndarray:
    """The compact image of a photograph, (ceil(H / scale), ceil(W / scale), C)."""
    out_size = tuple(-(-side // com.scale) for side in x.shape[:2])
    run = functools.partial(_compact, com, variables, tables)
    return _windowed(com, run, x, 2, (*out_size, x.shape[2]), 2 // com.scale, largest)


def reconstruct(
    rec: Any,
    variables: Variables,
    y_hat: np.ndarray,
    size: tuple[int, int],
    tables: np.ndarray,
    largest: int = LARGEST,
) -> np.ndarray:
    """The photograph of a decoded compact image, (H, W, C); `size` = (H, W)."""
    run = functools.partial(_reconstruct, rec, variables, tables)
    return _windowed(rec, run, y_hat, 2 // rec.scale, (*size, y_hat.shape[2]), 2, largest)


def _windowed(
    network: Any,
    run: Any,
    image: np.ndarray,
    factor_in: int,
    shape_out: tuple[int, ...],
    factor_out: int,
    largest: int,
) -> np.ndarray:
    """Applies `run` to the windows of an image.

    Args:
      network: whose radius counts.
      run: (n, h, w, C) windows and (n, 2) offsets at half resolution -> (n, ...) results.
      image: the input, of `factor_in` pixels per position at half resolution and axis.
      shape_out: of the result, of `factor_out` pixels.
      largest: a window's side in the photograph's pixels.
    """
    half = tuple(-(-side // factor_in) for side in image.shape[:2])
    out = np.empty(shape_out, np.uint8)
    windows = cover.cover(half, 2 * radius(network), largest // 2)
    for group in _groups(windows, 1 if jax.default_backend() == "cpu" else _NUM_AT_ONCE):
        pixels = np.stack([_cut(image, window, factor_in) for window in group])
        offsets = np.array([[rows.start, columns.start] for rows, columns in group])
        for (rows, columns), part in zip(group, np.asarray(run(pixels, offsets)), strict=True):
            inner = (
                _scaled(rows, rows.start, factor_out),
                _scaled(columns, columns.start, factor_out),
            )
            target = out[_scaled(rows, 0, factor_out), _scaled(columns, 0, factor_out)]
            target[:] = part[inner][: target.shape[0], : target.shape[1]]
    return out


def _groups(
    windows: Iterator[tuple[cover.Span, cover.Span]], number: int
) -> Iterator[Sequence[tuple[cover.Span, cover.Span]]]:
    """Groups of one size; the last is filled with repetitions, unless it is the only one."""
    group = []
    complete = False
    for window in windows:
        group.append(window)
        if len(group) == number:
            yield group
            group, complete = [], True
    if group:
        yield group + group[-1:] * (number - len(group) if complete else 0)


def _cut(image: np.ndarray, window: tuple[cover.Span, cover.Span], factor: int) -> np.ndarray:
    """A window's pixels; at an odd border the last ones are repeated, as the networks do."""
    rows, columns = window
    pixels = image[
        factor * rows.start : factor * rows.stop, factor * columns.start : factor * columns.stop
    ]
    missing = [factor * (s.stop - s.start) - n for s, n in zip(window, pixels.shape, strict=False)]
    if not any(missing):
        return pixels
    return np.pad(pixels, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="edge")


def _scaled(span: cover.Span, origin: int, factor: int) -> slice:
    return slice(factor * (span.first - origin), factor * (span.last - origin))


@functools.partial(jax.jit, static_argnums=0)
def _compact(
    com: Any, variables: Variables, tables: jax.Array, x: jax.Array, offsets: jax.Array
) -> jax.Array:
    def one(pixels: jax.Array, offset: jax.Array) -> jax.Array:
        rolled = _rolled(variables, offset)
        return images.to_uint8(com.apply(rolled, images.to_float(pixels)[None], tables[None])[0])

    with jax.default_matmul_precision("highest"):
        return jax.vmap(one)(x, offsets)


@functools.partial(jax.jit, static_argnums=0)
def _reconstruct(
    rec: Any, variables: Variables, tables: jax.Array, y_hat: jax.Array, offsets: jax.Array
) -> jax.Array:
    size = (rec.scale * y_hat.shape[1], rec.scale * y_hat.shape[2])

    def one(pixels: jax.Array, offset: jax.Array) -> jax.Array:
        rolled = _rolled(variables, offset)
        x_hat = rec.apply(
            rolled, images.to_float(pixels)[None], size, tables[None], method="reconstruct"
        )
        return images.to_uint8(x_hat[0])

    with jax.default_matmul_precision("highest"):
        return jax.vmap(one)(y_hat, offsets)


def _rolled(variables: Variables, offset: jax.Array) -> Variables:
    """The variables for a window that starts there: its grid begins at another phase."""

    def roll(path: Any, leaf: jax.Array) -> jax.Array:
        is_grid = getattr(path[-1], "key", None) == "grid"
        return jnp.roll(leaf, -offset, (0, 1)) if is_grid else jnp.asarray(leaf)

    return jax.tree_util.tree_map_with_path(roll, variables)
