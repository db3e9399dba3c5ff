"""Whole photographs to files and back: one model, of which the best scale is chosen per image."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jaxshrink.codecs import CODECS, bits_per_pixel, encode_jpeg, is_gray, read_tables, repack_jpeg
from jaxshrink.compression.ways import STEPS_PER_QUALITY, Way
from jaxshrink.errors import CheckpointError, DataError
from jaxshrink.files import markers
from jaxshrink.files.markers import DEFAULT_MAX_PIXELS, Marker
from jaxshrink.files.opening import open_image
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.models import lmbda_of_quality
from jaxshrink.models.weights import Weights, load_weights
from jaxshrink.ops import images, jpeg, losses, ssimulacra2
from jaxshrink.ops.losses import Distortion
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE

_JPEG = CODECS["jpeg-optimized"]
# Of a compact image that is no JPEG and lost its marker.
_UNKNOWN_QUALITY = 50


@dataclasses.dataclass(frozen=True)
class Compressed:
    """One photograph in one file.

    Attributes:
      data: the whole file.
      way: the way it is stored; a plain JPEG has no marker.
      x_hat: what `expand` makes of the file, uint8 (H, W, C).
      cost: distortion + lmbda * bpp, in squared levels.
    """

    data: bytes
    way: Way
    x_hat: np.ndarray
    cost: float


class Compressor:
    """A model in memory.

    Args:
      weights: what `load_weights` returned.
    """

    def __init__(self, weights: Weights) -> None:
        self.name = weights.name
        self._hash = weights.digest[: markers.HASH_BYTES]
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
            ssimulacra2=loss.get("ssimulacra2", 0.0) / loss["rate"],
        )

    @classmethod
    def load(cls, name_or_path: str) -> "Compressor":
        """Opens a model by name or path; raises CheckpointError as `load_weights` does."""
        return cls(load_weights(name_or_path))

    @property
    def scales(self) -> tuple[int, ...]:
        """Those of its networks: the smallest compact image first."""
        return tuple(sorted(self._pipelines, reverse=True))

    def ways(self, codec: str = "jpeg") -> tuple[Way, ...]:
        """All ways to store a photograph in this codec, but for refinement: the plain one last."""
        return tuple(Way(scale, codec) for scale in (*self.scales, None))

    def compress(
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

    def expand(
        self, data: bytes, *, marker: Marker | None = None, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> np.ndarray:
        """Restores a photograph from a file, in bounded memory; one without marker is decoded.

        Args:
          data: the file.
          marker: instead of the file's own, for one that lost it; see `marker_for`.
          max_pixels: a photograph of more is refused before anything is decoded.

        Returns:
          uint8 (H, W, 3), or (H, W, 1) if the file has no colour.

        Raises:
          DataError: if the file is broken, or the marker cannot be right.
          CheckpointError: if the marker tells of another model.
        """
        marker = marker or markers.find(data)
        y_hat = _decode(data, marker, max_pixels)
        if marker is None:
            return y_hat
        if not self.made(marker):
            raise CheckpointError(
                f"made by the model {marker.model} ({marker.model_hash.hex()}), "
                f"and this is {self.name} ({self._hash.hex()})"
            )
        if marker.scale not in self._pipelines:
            raise CheckpointError(f"the model {self.name} has no networks of scale {marker.scale}")
        pipeline = self._pipelines[marker.scale]
        if markers.kind(data) == "JPEG":
            tables = np.maximum(read_tables(data), 1)
        elif marker.quality:
            tables = pipeline.tables(marker.quality)
        else:
            raise DataError("marker without a quality in a file that is no JPEG")
        gray = y_hat.shape[2] == 1
        colored = np.repeat(y_hat, 3, axis=2) if y_hat.shape[2] < self.channels else y_hat
        x_hat = pipeline.reconstruct_tiled(colored, marker.size, tables)
        return np.asarray(Image.fromarray(x_hat).convert("L"))[:, :, None] if gray else x_hat

    def made(self, marker: Marker) -> bool:
        """Whether a marker tells of this model."""
        return (marker.model, marker.model_hash) == (self.name, self._hash)

    def marker_for(self, data: bytes, scale: int) -> Marker:
        """A marker for a compact image that lost its own: the size is taken for a multiple."""
        with open_image(data, max_pixels=2**63) as image:
            width, height = image.size
        return self.adopted(Marker((scale * height, scale * width), scale, "", b""), data)

    def adopted(self, marker: Marker, data: bytes) -> Marker:
        """A file's marker as if this model had made it; what the file does not tell is guessed."""
        told = 0 if markers.kind(data) == "JPEG" else marker.quality or _UNKNOWN_QUALITY
        return dataclasses.replace(marker, model=self.name, model_hash=self._hash, quality=told)

    def has_own_tables(self, data: bytes, scale: int) -> bool:
        """Whether a file is a JPEG with quantization tables that this model would write."""
        with open_image(data, max_pixels=2**63) as image:
            tables = getattr(image, "quantization", None)  # of a JPEG
        if not tables or scale not in self._pipelines:
            return False
        found = np.reshape(tables[min(tables)], (1, 8, 8))
        low, high = 1 * STEPS_PER_QUALITY, 100 * STEPS_PER_QUALITY
        while low < high:  # tables get finer as quality grows
            step = (low + high) // 2
            coarser = self._tables(scale, step).sum() > found.sum()
            low, high = (step + 1, high) if coarser else (low, step)
        near = range(low, min(low + STEPS_PER_QUALITY, 100 * STEPS_PER_QUALITY) + 1)
        return any(np.array_equal(self._tables(scale, step), found) for step in near)

    def set_tile(self, side: int) -> None:
        """Limits the windows that `encode` and `expand` compute in, in the photograph's pixels."""
        for pipeline in self._pipelines.values():
            pipeline.largest_tile = side

    def cost(self, x: np.ndarray, x_hat: np.ndarray, num_bytes: int, lmbda: float) -> float:
        """What training minimizes, of a file: distortion + lmbda * bpp, in squared levels."""
        bpp = bits_per_pixel(num_bytes, (x.shape[0], x.shape[1]))
        distortion = _distortion(self._distortion_of(x), x[None], x_hat[None])[0]
        return losses.cost(float(distortion), bpp, lmbda)

    def _tables(self, scale: int, step: int) -> np.ndarray:
        """Those of luma, which grayscale has as well, (1, 8, 8)."""
        return self._pipelines[scale].tables(step / STEPS_PER_QUALITY)[:1]

    def _distortion_of(self, x: np.ndarray) -> Distortion:
        """The distortion of training, without the metrics that a side is too short for."""
        side = min(x.shape[:2])
        missing = {"ms_ssim": MS_SSIM_MIN_SIDE, "ssimulacra2": ssimulacra2.MIN_SIDE}
        left_out = {name: 0.0 for name, shortest in missing.items() if side < shortest}
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
        x_hat = self.expand(file)
        return Compressed(file, way, x_hat, self.cost(x, x_hat, len(file), lmbda))


def _decode(data: bytes, marker: Marker | None, max_pixels: int) -> np.ndarray:
    """The pixels of a file, uint8 (h, w, 1 or 3), if they have the size that the marker implies.

    Nothing is decoded, and no memory taken, before that is known.
    """
    with open_image(data, max_pixels) as image:
        width, height = image.size
        if marker is not None:
            if marker.compact_size != (height, width):
                raise DataError(
                    f"marker with a size of {marker.size[1]}x{marker.size[0]} at scale "
                    f"{marker.scale} in a file of {width}x{height}"
                )
            if marker.size[0] * marker.size[1] > max_pixels:
                raise DataError(
                    f"{marker.size[1]}x{marker.size[0]} is more than the limit of "
                    f"{max_pixels} pixels; --max-pixels allows more"
                )
        try:
            pixels = np.asarray(image.convert("L" if is_gray(image) else "RGB"))
        except Exception as error:  # Pillow's plugins raise errors of many kinds
            raise DataError(f"broken or truncated image ({error})") from error
    return pixels.reshape(height, width, -1)


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
