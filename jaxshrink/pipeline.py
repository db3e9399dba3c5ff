"""Both networks as they are used: float32 at the highest precision, 8 bits in and out."""

import functools
import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxshrink.models import ComCNN, Networks, RecCNN, Variables
from jaxshrink.ops import images


class Pipeline:
    """From photographs to compact images, and from decoded compact images back.

    Whatever the networks were trained with, they compute in float32 at the highest matrix
    precision here, so that pixels agree across devices.

    Args:
      networks: the modules; their dtype is replaced by float32.
      variables: theirs.
    """

    def __init__(self, networks: Networks, variables: Networks) -> None:
        self._com = networks.com.clone(dtype=jnp.float32)
        self._rec = networks.rec.clone(dtype=jnp.float32)
        self._variables = jax.device_put(variables, jax.local_devices()[0])

    @property
    def channels(self) -> int:
        return self._com.channels

    @property
    def fingerprint(self) -> str:
        """A hash of the architecture and the weights."""
        digest = hashlib.sha256(f"{self._com} {self._rec}".encode())
        for path, leaf in jax.tree_util.tree_leaves_with_path(self._variables):
            digest.update(jax.tree_util.keystr(path).encode())
            digest.update(np.asarray(leaf).tobytes())
        return digest.hexdigest()

    def compact(self, x: np.ndarray) -> np.ndarray:
        """Compact images of photographs, before the codec.

        Args:
          x: uint8, (N, H, W, C).

        Returns:
          uint8, (N, ceil(H / 2), ceil(W / 2), C).
        """
        return np.asarray(_compact(self._com, self._variables.com, x))

    def reconstruct(self, y_hat: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """x_hat = up(y_hat) + RecCNN(up(y_hat)), clipped and rounded.

        Args:
          y_hat: decoded compact images, uint8, (N, h, w, C).
          size: (H, W) of the originals.

        Returns:
          uint8, (N, H, W, C).
        """
        return np.asarray(_reconstruct(self._rec, size, self._variables.rec, y_hat))


def enlarge(y_hat: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """up(y_hat) alone, clipped and rounded: what somebody without RecCNN sees.

    Arguments and result as in `Pipeline.reconstruct`.
    """
    return np.asarray(_enlarge(size, y_hat))


@functools.partial(jax.jit, static_argnums=0)
def _compact(com: ComCNN, variables: Variables, x: jax.Array) -> jax.Array:
    with jax.default_matmul_precision("highest"):
        y: Any = com.apply(variables, images.to_float(x))
        return images.to_uint8(y)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _reconstruct(
    rec: RecCNN, size: tuple[int, int], variables: Variables, y_hat: jax.Array
) -> jax.Array:
    with jax.default_matmul_precision("highest"):
        up_y_hat = images.enlarge(images.to_float(y_hat), size)
        residual: Any = rec.apply(variables, up_y_hat)
        return images.to_uint8(up_y_hat + residual)


@functools.partial(jax.jit, static_argnums=0)
def _enlarge(size: tuple[int, int], y_hat: jax.Array) -> jax.Array:
    return images.to_uint8(images.enlarge(images.to_float(y_hat), size))
