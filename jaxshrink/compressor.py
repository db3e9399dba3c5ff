"""Whole photographs to files and back: one model, of which the best scale is chosen per image."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxshrink import container
from jaxshrink.codecs import CODECS, decode_jpeg, encode_jpeg, read_tables, repack_jpeg
from jaxshrink.container import Marker
from jaxshrink.errors import DataError
from jaxshrink.models import lmbda_of_quality
from jaxshrink.models.weights import Weights, load_weights
from jaxshrink.ops import images, jpeg
from jaxshrink.ops.losses import Distortion
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE
from jaxshrink.pipeline import Pipeline

PLAIN_JPEG = 0  # where a scale is named
_JPEG = CODECS["jpeg-optimized"]


@dataclasses.dataclass(frozen=True)
class Compressed:
    """One photograph in one file.

    Attributes:
      data: the whole file.
      scale: of the compact image: 2, 1, or `PLAIN_JPEG`, which has no marker.
      x_hat: what `expand` makes of the file, uint8 (H, W, C).
      cost: distortion + lmbda * bpp, in squared levels.
    """

    data: bytes
    scale: int
    x_hat: np.ndarray
    cost: float


class Compressor:
    """A model in memory.

    Args:
      weights: of `load_weights`.
    """

    def __init__(self, weights: Weights) -> None:
        self.name = weights.name
        self._hash = weights.digest[: container.HASH_BYTES]
        self._pipelines = {
            scale: Pipeline(networks, weights.variables[scale], learned_tables=True)
            for scale, networks in weights.networks.items()
        }
        self.fingerprint = weights.digest.hex()
        config: Any = next(iter(weights.configs.values()))
        self.channels: int = config["model"]["channels"]
        self._subsampling = {s: c["codec"]["subsampling"] for s, c in weights.configs.items()}
        # As in training, but in units of lmbda * bpp.
        loss = config["loss"]
        self._distortion = Distortion(
            squared_levels=loss["squared_levels"] / loss["rate"],
            charbonnier=loss["charbonnier"] / loss["rate"],
            ms_ssim=loss["ms_ssim"] / loss["rate"],
        )

    @classmethod
    def load(cls, name_or_path: str) -> "Compressor":
        """Opens a model by name or path; raises CheckpointError as `load_weights` does."""
        return cls(load_weights(name_or_path))

    @property
    def scales(self) -> tuple[int, ...]:
        """All that `compress` tries by default: the smallest compact image first."""
        return (*sorted(self._pipelines, reverse=True), PLAIN_JPEG)

    def compress(
        self,
        x: np.ndarray,
        quality: float,
        *,
        scales: Sequence[int] | None = None,
        num_refinements: int = 0,
        repack: bool = False,
    ) -> Compressed:
        """Stores a photograph at all scales, and returns the file with the least cost.

        Args:
          x: uint8 (H, W, 3).
          quality: 1..100; sets the price of a bit, see `lmbda_of_quality`.
          scales: what to try; None: everything.
          num_refinements: gradient steps on every compact image, kept where they pay.
          repack: whether to redo the files' entropy coding, see `repack_jpeg`.
        """
        task = _Task(x, float(lmbda_of_quality(jnp.float32(quality))), repack)
        tried = [
            self._compress_plain(task)
            if scale == PLAIN_JPEG
            else self._compress_at(task, quality, scale, num_refinements)
            for scale in (self.scales if scales is None else scales)
        ]
        return min(tried, key=lambda compressed: compressed.cost)

    def expand(self, data: bytes) -> np.ndarray:
        """Restores a photograph, uint8 (H, W, C), from a file; one without marker is decoded.

        Raises:
          DataError: if the marker cannot be right, or tells of another model.
        """
        marker = container.find(data)
        if marker is None:
            return decode_jpeg(data, self.channels)
        if (marker.model, marker.model_hash) != (self.name, self._hash):
            raise DataError(
                f"made by the model {marker.model} ({marker.model_hash.hex()}), "
                f"and this is {self.name} ({self._hash.hex()})"
            )
        y_hat = decode_jpeg(data, self.channels)
        if y_hat.shape[:2] != marker.compact_size:
            raise DataError(
                f"marker with a size of {marker.size[1]}x{marker.size[0]} in a file "
                f"of {y_hat.shape[1]}x{y_hat.shape[0]}"
            )
        pipeline = self._pipelines[marker.scale]
        return pipeline.reconstruct(y_hat[None], marker.size, read_tables(data))[0]

    def cost(self, x: np.ndarray, x_hat: np.ndarray, num_bytes: int, lmbda: float) -> float:
        """What training minimizes, of a file: distortion + lmbda * bpp, in squared levels."""
        bpp = 8 * num_bytes / (x.shape[0] * x.shape[1])
        distortion = self._distortion_of(x)
        return float(_distortion(distortion, x[None], x_hat[None])[0]) + lmbda * bpp

    def _distortion_of(self, x: np.ndarray) -> Distortion:
        """The distortion of training; where a side is too short for MS-SSIM, without it."""
        short = min(x.shape[:2]) < MS_SSIM_MIN_SIDE
        return dataclasses.replace(self._distortion, ms_ssim=0.0) if short else self._distortion

    def _compress_at(
        self, task: "_Task", quality: float, scale: int, num_refinements: int
    ) -> Compressed:
        pipeline = self._pipelines[scale]
        tables = pipeline.tables(quality)
        y = pipeline.compact(task.x[None], tables)
        compressed = self._finish(task, y[0], tables, scale)
        if not num_refinements:
            return compressed
        refined_y = pipeline.refine(
            task.x[None],
            y,
            tables,
            distortion=self._distortion_of(task.x),
            lmbda=task.lmbda,
            subsampling=self._subsampling[scale],
            num_steps=num_refinements,
        )
        refined = self._finish(task, refined_y[0], tables, scale)
        return min(compressed, refined, key=lambda c: c.cost)

    def _finish(self, task: "_Task", y: np.ndarray, tables: np.ndarray, scale: int) -> Compressed:
        """Encodes a compact image, and looks at what becomes of it."""
        file = encode_jpeg(y, tables, self._subsampling[scale])
        if task.repack:
            file = repack_jpeg(file)
        size = (task.x.shape[0], task.x.shape[1])
        data = container.attach(file, Marker(size, scale, self.name, self._hash))
        return self._compressed(task, data, scale, self.expand(data))

    def _compress_plain(self, task: "_Task") -> Compressed:
        """The JPEG whose tables suit this price of a bit."""
        data = _JPEG.encode(task.x, _quality_of_price(task.lmbda))
        if task.repack:
            data = repack_jpeg(data)
        return self._compressed(task, data, PLAIN_JPEG, decode_jpeg(data, task.x.shape[2]))

    def _compressed(self, task: "_Task", data: bytes, scale: int, x_hat: np.ndarray) -> Compressed:
        return Compressed(data, scale, x_hat, self.cost(task.x, x_hat, len(data), task.lmbda))


@dataclasses.dataclass(frozen=True)
class _Task:
    """What is to be compressed: uint8 (H, W, C), at this price of a bit; and see `compress`."""

    x: np.ndarray
    lmbda: float
    repack: bool


@functools.cache
def _quality_of_price(lmbda: float) -> int:
    qualities = np.arange(1, 101)
    prices = jpeg.lmbda_of_tables(jpeg.standard_tables(jnp.asarray(qualities, jnp.float32)))
    return int(qualities[np.argmin(np.abs(np.log(np.asarray(prices) / lmbda)))])


@functools.partial(jax.jit, static_argnums=0)
def _distortion(distortion: Distortion, x: jax.Array, x_hat: jax.Array) -> jax.Array:
    return distortion(images.to_float(x_hat), images.to_float(x))
