"""Both networks as they are used: float32 at the highest precision, 8 bits in and out."""

import functools
import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxshrink.inference import tiled
from jaxshrink.models import Networks, NetworkVariables, Variables, lmbda_of_quality
from jaxshrink.models.described import Described
from jaxshrink.ops import images, jpeg
from jaxshrink.ops.losses import Distortion
from jaxshrink.runtime.executables import precompiled


class Pipeline:
    """From photographs to compact images, and from decoded compact images back.

    Whatever the networks were trained with, they compute in float32 at the highest matrix
    precision here, so that pixels agree across devices.

    Args:
      networks: the modules; their dtype is replaced by float32.
      variables: the networks' parameters and batch statistics.
      learned_tables: whether the codec is to use ComCNN's tables, or libjpeg's.

    Attributes:
      largest_tile: a side in the photograph's pixels, for `compact_tiled` and its inverse.
    """

    def __init__(
        self, networks: Networks, variables: NetworkVariables, *, learned_tables: bool = False
    ) -> None:
        self._learned_tables = learned_tables
        self.largest_tile = tiled.LARGEST
        self._com, self._rec = map(_in_float32, networks)
        self._given = variables

    @functools.cached_property
    def _variables(self) -> NetworkVariables:
        """On the device; copied there when they are needed."""
        return jax.device_put(self._given, jax.local_devices()[0])

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

    def tables(self, quality: float) -> np.ndarray:
        """The codec's tables at a quality in 1..100: whole numbers, float32 (2, 8, 8)."""
        if self._learned_tables:
            return np.asarray(_tables(self._com, self._variables.com, np.float32(quality)))
        return np.asarray(jpeg.standard_tables(jnp.float32(quality)))

    def compact(self, x: np.ndarray, tables: np.ndarray | None = None) -> np.ndarray:
        """Compact images of photographs, before the codec.

        Args:
          x: uint8, (N, H, W, C).
          tables: those of the codec, (2, 8, 8); the paper's ComCNN ignores them.

        Returns:
          uint8, (N, h, w, C) of the compact size.
        """
        return np.asarray(_compact(self._com, self._variables.com, x, tables))

    def reconstruct(
        self, y_hat: np.ndarray, size: tuple[int, int], tables: np.ndarray | None = None
    ) -> np.ndarray:
        """x_hat, clipped and rounded.

        Args:
          y_hat: decoded compact images, uint8, (N, h, w, C).
          size: (H, W) of the originals.
          tables: those of the codec, (2, 8, 8); the paper's RecCNN ignores them.

        Returns:
          uint8, (N, H, W, C).
        """
        return np.asarray(_reconstruct(self._rec, size, self._variables.rec, y_hat, tables))

    def refine(
        self,
        x: np.ndarray,
        y: np.ndarray,
        tables: np.ndarray,
        *,
        distortion: Distortion,
        lmbda: float,
        subsampling: str,
        num_steps: int,
    ) -> np.ndarray:
        """Compact images that cost less, for these very photographs: see `refinement.py`.

        Args:
          x: photographs, uint8, (N, H, W, C).
          y: their compact images, uint8, to start from.
          tables: those of the codec, (2, 8, 8).
          distortion, lmbda: what costs: distortion + lmbda * bpp.
          subsampling: the codec's.
          num_steps: the number of Adam's steps.

        Returns:
          uint8, the shape of y.
        """
        from jaxshrink.inference.refinement import refine

        return np.asarray(
            refine(
                self._rec,
                distortion,
                subsampling,
                num_steps,
                self._variables.rec,
                x,
                y,
                tables,
                np.float32(lmbda),
            )
        )

    def compact_tiled(self, x: np.ndarray, tables: np.ndarray) -> np.ndarray:
        """One compact image in bounded memory: as `compact` within rounding.

        Args:
          x: uint8 (H, W, C).
          tables: those of the codec, (2, 8, 8).

        Returns:
          uint8 (h, w, C).
        """
        if not tiled.can_tile(self._com):
            return self.compact(x[None], tables)[0]
        return tiled.compact(self._com, self._variables.com, x, tables, self.largest_tile)

    def reconstruct_tiled(
        self, y_hat: np.ndarray, size: tuple[int, int], tables: np.ndarray
    ) -> np.ndarray:
        """One x_hat in bounded memory: as `reconstruct` within rounding.

        Args:
          y_hat: a decoded compact image, uint8 (h, w, C).
          size: (H, W) of the original.
          tables: those of the codec, (2, 8, 8).

        Returns:
          uint8 (H, W, C).
        """
        if not tiled.can_tile(self._rec):
            return self.reconstruct(y_hat[None], size, tables)[0]
        variables = self._variables.rec
        return tiled.reconstruct(self._rec, variables, y_hat, size, tables, self.largest_tile)


def _in_float32(network: Any) -> Any:
    return network if isinstance(network, Described) else network.clone(dtype=jnp.float32)


def enlarge(y_hat: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """up(y_hat) alone, clipped and rounded: what somebody without RecCNN sees.

    Arguments and result as in `Pipeline.reconstruct`; what has that size already stays as it is.
    """
    return y_hat if y_hat.shape[1:3] == size else np.asarray(_enlarge(size, y_hat))


@precompiled(num_static=1)
def _tables(com: Any, variables: Variables, quality: jax.Array) -> jax.Array:
    lmbda = lmbda_of_quality(quality)[None]
    with jax.default_matmul_precision("highest"):
        return jpeg.whole_steps(com.apply(variables, lmbda, method="tables"))[0]


@functools.partial(jax.jit, static_argnums=0)
def _compact(com: Any, variables: Variables, x: jax.Array, tables: jax.Array | None) -> jax.Array:
    with jax.default_matmul_precision("highest"):
        y: Any = com.apply(variables, images.to_float(x), _for_each(x, tables))
        return images.to_uint8(y)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _reconstruct(
    rec: Any,
    size: tuple[int, int],
    variables: Variables,
    y_hat: jax.Array,
    tables: jax.Array | None,
) -> jax.Array:
    with jax.default_matmul_precision("highest"):
        x_hat: Any = rec.apply(
            variables, images.to_float(y_hat), size, _for_each(y_hat, tables), method="reconstruct"
        )
        return images.to_uint8(x_hat)


def _for_each(batch: jax.Array, tables: jax.Array | None) -> jax.Array | None:
    return None if tables is None else jnp.broadcast_to(tables, (len(batch), *tables.shape))


@functools.partial(jax.jit, static_argnums=0)
def _enlarge(size: tuple[int, int], y_hat: jax.Array) -> jax.Array:
    return images.to_uint8(images.enlarge(images.to_float(y_hat), size))
