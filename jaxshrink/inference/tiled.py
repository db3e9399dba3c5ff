"""The residual networks on photographs of any size, window by window.

A picture is continued by reflection to whole units, and by one more on every side, as `extend` in
`models/residual.py` does it. A result depends on what lies around it up to `radius` away, so
windows of whole units that overlap by twice as much give what the whole picture gives; at its
border they have its border. Windows come in few sizes, see `windows.py`, so few functions are
compiled.

Images are uint8 (H, W, C) on the host, tables (2, 8, 8).
"""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxshrink.inference import windows as cover
from jaxshrink.models import UNIT, ResidualComCNN, ResidualRecCNN, Variables
from jaxshrink.ops import images
from jaxshrink.runtime.executables import precompiled

# A window's side, in the photograph's pixels.
LARGEST = UNIT * cover.SIDES[-1]
# Windows that an accelerator computes at once.
_NUM_AT_ONCE = 8


def can_tile(network: Any) -> bool:
    """Whether a network is one of those described above."""
    return isinstance(network, ResidualComCNN | ResidualRecCNN)


def compact(
    com: Any, variables: Variables, x: np.ndarray, tables: np.ndarray, largest: int = LARGEST
) -> np.ndarray:
    """The compact image of a photograph, (ceil(H / scale), ceil(W / scale), C)."""
    out_size = tuple(-(-side // com.scale) for side in x.shape[:2])
    run = functools.partial(_compact, com, variables, tables)
    return _windowed(com, run, x, UNIT, (*out_size, x.shape[2]), UNIT // com.scale, largest)


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
    return _windowed(rec, run, y_hat, UNIT // rec.scale, (*size, y_hat.shape[2]), UNIT, largest)


def _windowed(
    network: Any,
    run: Any,
    image: np.ndarray,
    unit_in: int,
    shape_out: tuple[int, ...],
    unit_out: int,
    largest: int,
) -> np.ndarray:
    """Applies `run` to the windows of an image.

    Args:
      network: whose radius counts.
      run: (n, h, w, C) windows -> (n, ...) results.
      image: the input, with units of `unit_in` pixels.
      shape_out: of the result, with units of `unit_out` pixels.
      largest: a window's side in the photograph's pixels.
    """
    height, width = (UNIT * (-(-side // unit_in) + 2) for side in image.shape[:2])
    out = np.empty(shape_out, np.uint8)
    windows = cover.cover((height, width), 2 * network.radius, largest, UNIT)
    for group in _groups(windows, 1 if jax.default_backend() == "cpu" else _NUM_AT_ONCE):
        pixels = np.stack([_cut(image, window, unit_in) for window in group])
        for window, part in zip(group, np.asarray(run(pixels)), strict=True):
            target, inner = zip(
                *(
                    _kept(span, unit_out, length)
                    for span, length in zip(window, shape_out, strict=False)
                ),
                strict=True,
            )
            out[target] = part[inner]
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


def _cut(image: np.ndarray, window: tuple[cover.Span, cover.Span], unit: int) -> np.ndarray:
    """A window's pixels, of the image or of its reflections."""
    rows, columns = (
        _reflected(np.arange(_within(span.start, unit), _within(span.stop, unit)), length)
        for span, length in zip(window, image.shape, strict=False)
    )
    return image[rows][:, columns]


def _within(position: int, unit: int) -> int:
    """Where a pixel of the continued photograph lies in an image with units of `unit` pixels."""
    return position * unit // UNIT - unit


def _reflected(positions: np.ndarray, length: int) -> np.ndarray:
    """Where positions in an endlessly reflected side lie in the side itself."""
    positions = positions % (2 * length)
    return np.minimum(positions, 2 * length - 1 - positions)


def _kept(span: cover.Span, unit: int, length: int) -> tuple[slice, slice]:
    """Which pixels of the result a window gives, and where they lie in it."""
    start = _within(span.start, unit)
    first = max(0, _within(span.first, unit))
    last = min(length, _within(span.last, unit))
    return slice(first, max(first, last)), slice(first - start, max(first, last) - start)


@precompiled(num_static=1)
def _compact(com: Any, variables: Variables, tables: jax.Array, x: jax.Array) -> jax.Array:
    with jax.default_matmul_precision("highest"):
        y = com.apply(
            variables, images.to_float(x), _for_each(x, tables), method="compact_extended"
        )
    return images.to_uint8(y)


@precompiled(num_static=1)
def _reconstruct(rec: Any, variables: Variables, tables: jax.Array, y_hat: jax.Array) -> jax.Array:
    with jax.default_matmul_precision("highest"):
        x_hat = rec.apply(
            variables,
            images.to_float(y_hat),
            _for_each(y_hat, tables),
            method="reconstruct_extended",
        )
    return images.to_uint8(x_hat)


def _for_each(windows: jax.Array, tables: jax.Array) -> jax.Array:
    return jnp.broadcast_to(tables, (len(windows), *tables.shape))
