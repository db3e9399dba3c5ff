"""The residual networks on photographs of any size, window by window.

A picture is continued by reflection to whole units, and by one more on every side, as `extend` in
`models/residual.py` does it. A result depends on what lies around it up to `radius` away, so
windows of whole units that overlap by twice as much give what the whole picture gives; at its
border they have its border. Windows come in few sizes, see `windows.py`, so few functions are
compiled.

Images are uint8 (H, W, C) on the host, tables (2, 8, 8).
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxshrink.inference import windows
from jaxshrink.models import UNIT, Variables
from jaxshrink.ops import images
from jaxshrink.runtime.executables import precompiled

# A window's side, in the photograph's pixels.
LARGEST = UNIT * windows.SIDES[-1]
# Windows that an accelerator computes at once.
_NUM_AT_ONCE = 8


def can_tile(network: Any) -> bool:
    """Whether a network is one of those described above."""
    return hasattr(network, "radius")


def compact(
    com: Any, variables: Variables, x: np.ndarray, tables: np.ndarray, largest: int = LARGEST
) -> np.ndarray:
    """The compact image of a photograph, (ceil(H / scale), ceil(W / scale), C)."""
    out_size = tuple(-(-side // com.scale) for side in x.shape[:2])
    run = functools.partial(_compact, com, variables, tables)
    units = windows.Units(UNIT, UNIT, UNIT // com.scale)
    return _windowed(com, run, x, (*out_size, x.shape[2]), units, largest)


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
    units = windows.Units(UNIT, UNIT // rec.scale, UNIT)
    return _windowed(rec, run, y_hat, (*size, y_hat.shape[2]), units, largest)


def _windowed(
    network: Any,
    run: Any,
    image: np.ndarray,
    shape: tuple[int, ...],
    units: windows.Units,
    largest: int,
) -> np.ndarray:
    at_once = 1 if jax.default_backend() == "cpu" else _NUM_AT_ONCE
    return windows.apply(run, image, shape, units, 2 * network.radius, largest, at_once)


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
