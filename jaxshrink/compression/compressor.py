"""From a photograph's pixels to a file: ComCNN, the codec, the marker."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jaxshrink.codecs import CODECS, bits_per_pixel, encode_jpeg, repack_jpeg
from jaxshrink.compression.expansion import Expander
from jaxshrink.compression.ways import Way
from jaxshrink.files import markers
from jaxshrink.files.markers import Marker
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.models import lmbda_of_quality
from jaxshrink.models.weights import Weights
from jaxshrink.ops import images, jpeg, losses, ssimulacra2
from jaxshrink.ops.losses import Distortion
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE

_JPEG = CODECS["jpeg-optimized"]


@dataclasses.dataclass(frozen=True)
class Compressed:
    """One photograph in one file.

    Attributes:
      data: the whole file.
      way: the way it is stored; a plain JPEG has no marker.
      x_hat: what `reconstruct` makes of the file, uint8 (H, W, C).
      cost: distortion + lmbda * bpp, in squared levels.
    """

    data: bytes
    way: Way
    x_hat: np.ndarray
    cost: float


class Compressor(Expander):
    """A model's both halves: a photograph's pixels to a file of one quality, and back.

    Args:
      weights: what `load_weights` returned.
    """

    def __init__(self, weights: Weights) -> None:
        config: Any = next(iter(weights.configs.values()))
        self._pipelines = {
            scale: Pipeline(networks, weights.variables[scale], learned_tables=True)
            for scale, networks in weights.networks.items()
        }
        super().__init__(weights.name, weights.digest, config["model"]["channels"], self._pipelines)
        self._subsampling = {s: c["codec"]["subsampling"] for s, c in weights.configs.items()}
        # As in training, but in units of lmbda * bpp.
        loss = config["loss"]
        self._distortion = Distortion(
            squared_levels=loss["squared_levels"] / loss["rate"],
            charbonnier=loss["charbonnier"] / loss["rate"],
            ms_ssim=loss["ms_ssim"] / loss["rate"],
            ssimulacra2=loss.get("ssimulacra2", 0.0) / loss["rate"],
            absolute=loss.get("absolute", 0.0) / loss["rate"],
        )

    def ways(self, codec: str = "jpeg") -> tuple[Way, ...]:
        """All ways to store a photograph in this codec, but for refinement: the plain one last."""
        return tuple(Way(scale, codec) for scale in (*self.scales, None))

    def cheapest(
        self,
        x: np.ndarray,
        quality: float,
        *,
        ways: Sequence[Way] | None = None,
        repack: bool = False,
    ) -> Compressed:
        """Stores a photograph as a JPEG in several ways, and returns the file with the least cost.

        Args:
          x: uint8 (H, W, 3).
          quality: 1..100; sets the price of a bit, see `lmbda_of_quality`.
          ways: what to try; None: everything but refinement.
          repack: whether to redo the files' entropy coding, see `repack_jpeg`.
        """
        lmbda = _price(quality)
        tried = []
        for way in self.ways() if ways is None else ways:
            if way.scale is None:
                file = self._encode_plain(x, quality, repack)
            else:
                number = way.num_refinements
                file = self.encode(x, quality, way.scale, num_refinements=number, repack=repack)
            tried.append(self._judged(x, file, way, lmbda))
        return min(tried, key=lambda compressed: compressed.cost)

    def encode(
        self,
        x: np.ndarray,
        quality: float,
        scale: int,
        codec: str = "jpeg",
        *,
        num_refinements: int = 0,
        repack: bool = False,
    ) -> bytes:
        """Stores a photograph at one scale, in bounded memory, without looking at the result.

        Args:
          x: uint8 (H, W, 3), or (H, W, 1), which stays without colour.
          quality: 1..100; sets the price of a bit, see `lmbda_of_quality`; for a codec other
            than JPEG, a whole number.
          scale: one of `scales`.
          codec: "jpeg", "webp" or "avif".
          num_refinements: gradient steps on the compact image, for JPEG and colour alone; these
            take memory for the whole photograph.
          repack: whether to redo a JPEG's entropy coding, see `repack_jpeg`.

        Returns:
          The file, with a marker.
        """
        pipeline = self._pipelines[scale]
        tables = pipeline.tables(quality)
        colored = np.repeat(x, 3, axis=2) if x.shape[2] < self.channels else x
        y = pipeline.compact_tiled(colored, tables)
        if num_refinements:
            y = self._refined(x, y, tables, scale, _price(quality), num_refinements)
        if x.shape[2] < y.shape[2]:
            y = np.asarray(Image.fromarray(y).convert("L"))[:, :, None]
        if codec == "jpeg":
            file, told = encode_jpeg(y, tables, self._subsampling[scale]), 0
            file = repack_jpeg(file) if repack else file
        else:
            file, told = CODECS[codec].encode(y, quality), int(quality)
        size = (x.shape[0], x.shape[1])
        return markers.attach(file, Marker(size, scale, self.name, self._hash, told))

    def cost(self, x: np.ndarray, x_hat: np.ndarray, num_bytes: int, lmbda: float) -> float:
        """What training minimizes, of a file: distortion + lmbda * bpp, in squared levels."""
        bpp = bits_per_pixel(num_bytes, (x.shape[0], x.shape[1]))
        distortion = _distortion(self._distortion_of(x), x[None], x_hat[None])[0]
        return losses.cost(float(distortion), bpp, lmbda)

    def _distortion_of(self, x: np.ndarray) -> Distortion:
        """The distortion of training, without the metrics that a side is too short for."""
        side = min(x.shape[:2])
        missing = {"ms_ssim": MS_SSIM_MIN_SIDE, "ssimulacra2": ssimulacra2.MIN_SIDE}
        left_out: dict[str, Any] = {
            name: 0.0 for name, shortest in missing.items() if side < shortest
        }
        return dataclasses.replace(self._distortion, **left_out)

    def _refined(
        self,
        x: np.ndarray,
        y: np.ndarray,
        tables: np.ndarray,
        scale: int,
        lmbda: float,
        num_steps: int,
    ) -> np.ndarray:
        """A compact image that gradient steps have changed for this very photograph."""
        return self._pipelines[scale].refine(
            x[None],
            y[None],
            tables,
            distortion=self._distortion_of(x),
            lmbda=lmbda,
            subsampling=self._subsampling[scale],
            num_steps=num_steps,
        )[0]

    def _encode_plain(self, x: np.ndarray, quality: float, repack: bool) -> bytes:
        """The JPEG whose tables are about as coarse as ours."""
        scale = min(self._pipelines)
        tables = jnp.asarray(self._pipelines[scale].tables(quality))
        price = scale**2 * float(jpeg.lmbda_of_tables(tables))
        file = _JPEG.encode(x, _quality_of_price(price))
        return repack_jpeg(file) if repack else file

    def _judged(self, x: np.ndarray, file: bytes, way: Way, lmbda: float) -> Compressed:
        """A file and what becomes of it."""
        x_hat = self.reconstruct(file)
        return Compressed(file, way, x_hat, self.cost(x, x_hat, len(file), lmbda))


def _price(quality: float) -> float:
    """Of a bit, in squared levels per bit and pixel."""
    return float(lmbda_of_quality(jnp.float32(quality)))


@functools.cache
def _quality_of_price(lmbda: float) -> int:
    qualities = np.arange(1, 101)
    prices = jpeg.lmbda_of_tables(jpeg.standard_tables(jnp.asarray(qualities, jnp.float32)))
    return int(qualities[np.argmin(np.abs(np.log(np.asarray(prices) / lmbda)))])


@functools.partial(jax.jit, static_argnums=0)
def _distortion(distortion: Distortion, x: jax.Array, x_hat: jax.Array) -> jax.Array:
    return distortion(images.to_float(x_hat), images.to_float(x))
