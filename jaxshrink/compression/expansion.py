"""From a file as it comes back, turned, cropped or without marker, to the photograph. No JAX."""

import dataclasses
import os
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from PIL import Image

from jaxshrink.codecs import is_gray, read_tables
from jaxshrink.compression.inputs import read_file
from jaxshrink.compression.ways import STEPS_PER_QUALITY, scale_of
from jaxshrink.errors import CheckpointError, DataError
from jaxshrink.files import markers
from jaxshrink.files.exif_changes import TURNS
from jaxshrink.files.markers import DEFAULT_MAX_PIXELS, Marker
from jaxshrink.files.opening import open_image, with_end
from jaxshrink.files.photographs import read_orientation, read_photograph

# Of a compact image that is no JPEG and lost its marker.
_UNKNOWN_QUALITY = 50


class Decoder(Protocol):
    """RecCNN of one scale, whatever computes it."""

    largest_tile: int

    def tables(self, quality: float) -> np.ndarray:
        """The codec's tables at a quality in 1..100: whole numbers, float32 (2, 8, 8)."""
        ...

    def reconstruct_tiled(
        self, y_hat: np.ndarray, size: tuple[int, int], tables: np.ndarray
    ) -> np.ndarray:
        """x_hat, uint8 (H, W, C) of this (H, W), of a decoded compact image, uint8 (h, w, C)."""
        ...


@dataclasses.dataclass(frozen=True)
class Restored:
    """An expanded view.

    Attributes:
      pixels: upright, uint8 (H, W, 1 or 3).
      scale: the photograph's sides over those of the file's picture.
      notes: what was found and assumed, one line each.
    """

    pixels: np.ndarray
    scale: int
    notes: tuple[str, ...] = ()


class Expander:
    """A model's receiving half.

    Args:
      name: the model's, which its files are marked with.
      digest: SHA-256 of its weights; markers have the first bytes.
      channels: of the networks' pictures; 3 stands for grayscale as well.
      decoders: scale -> RecCNN.
    """

    def __init__(
        self, name: str, digest: bytes, channels: int, decoders: Mapping[int, Decoder]
    ) -> None:
        self.name = name
        self.channels = channels
        self.fingerprint = digest.hex()
        self._hash = digest[: markers.HASH_BYTES]
        self._decoders = decoders

    @property
    def scales(self) -> tuple[int, ...]:
        """Those of its networks: the smallest compact image first."""
        return tuple(sorted(self._decoders, reverse=True))

    def set_tile(self, side: int) -> None:
        """Limits the windows that the networks compute in, in the photograph's pixels."""
        for decoder in self._decoders.values():
            decoder.largest_tile = side

    def made(self, marker: Marker) -> bool:
        """Whether a marker tells of this model."""
        return (marker.model, marker.model_hash) == (self.name, self._hash)

    def expand(
        self,
        file: str | os.PathLike[str] | bytes,
        *,
        scale: str | None = None,
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> np.ndarray:
        """Restores a photograph, uint8 (H, W, 1 or 3); a file without marker is decoded.

        A file that was turned, cropped or resized since it was made is restored as it is now.

        Args:
          file: the path or the bytes of what `compress` made.
          scale: restore it with this model, whatever made it; "half" or "full", which counts where
            its marker was lost.
          max_pixels: refuse photographs of more.

        Raises:
          DataError: if the file is broken, or its marker cannot be right.
          CheckpointError: if it was made by another model.
          ConfigError: if there is no such scale.
        """
        data = read_file(file)
        if scale is not None:
            return self.restore_as_own(data, scale_of(scale), max_pixels).pixels
        marker = markers.find(data)
        if marker is None:
            return read_photograph(data, max_pixels=max_pixels).pixels
        return self.restore(data, marker, max_pixels).pixels

    def restore(
        self, data: bytes, marker: Marker, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> Restored:
        """Restores a photograph from a file that may have been turned, cropped or resized since.

        Args:
          data: the file.
          marker: the file's own, or one that stands for it.
          max_pixels: a photograph of more is refused before anything is decoded.

        Raises:
          DataError: if the file is broken or too large.
          CheckpointError: if the marker tells of another model.
        """
        data = with_end(data)
        with open_image(data, max_pixels) as image:
            size = (image.height, image.width)
        fitting, notes = markers.placed(marker, size)
        if fitting is None:
            return Restored(read_photograph(data, max_pixels=max_pixels).pixels, 1, notes)
        pixels = self.reconstruct(data, marker=fitting, max_pixels=max_pixels)
        return Restored(_upright(pixels, read_orientation(data)), marker.scale, notes)

    def restore_as_own(
        self, data: bytes, scale: int, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> Restored:
        """Restores a photograph as if this model had made the file, whatever did.

        Args:
          data: the file.
          scale: 2 or 1, where it has no marker that can be read.
          max_pixels: a photograph of more is refused before anything is decoded.

        Raises:
          DataError: if the file is broken or too large.
          CheckpointError: if the model has no networks of this scale.
        """
        marker = markers.readable(data)
        if marker is None:
            adopted = self._marker_for(data, scale)
            notes = self._supposed(data, adopted)
        else:
            adopted = self._adopted(marker, data)
            notes = () if self.made(marker) else (_instead_of(marker, adopted),)
        restored = self.restore(data, adopted, max_pixels)
        return dataclasses.replace(restored, notes=(*notes, *restored.notes))

    def reconstruct(
        self, data: bytes, *, marker: Marker | None = None, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> np.ndarray:
        """What RecCNN makes of an unchanged file, in bounded memory; one without marker is decoded.

        Args:
          data: the file.
          marker: instead of the file's own, for one that lost it.
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
        decoder = self._decoder_for(marker)
        if markers.kind(data) == "JPEG":
            tables = np.maximum(read_tables(data), 1)
        elif marker.quality:
            tables = decoder.tables(marker.quality)
        else:
            raise DataError("marker without a quality in a file that is no JPEG")
        gray = y_hat.shape[2] == 1
        colored = np.repeat(y_hat, 3, axis=2) if y_hat.shape[2] < self.channels else y_hat
        x_hat = decoder.reconstruct_tiled(colored, marker.size, tables)
        return np.asarray(Image.fromarray(x_hat).convert("L"))[:, :, None] if gray else x_hat

    def has_own_tables(self, data: bytes, scale: int) -> bool:
        """Whether a file is a JPEG with quantization tables that this model would write."""
        with open_image(data, max_pixels=2**63) as image:
            tables = getattr(image, "quantization", None)  # of a JPEG
        if not tables or scale not in self._decoders:
            return False
        found = np.reshape(tables[min(tables)], (1, 8, 8))
        low, high = 1 * STEPS_PER_QUALITY, 100 * STEPS_PER_QUALITY
        while low < high:  # tables get finer as quality grows
            step = (low + high) // 2
            coarser = self._luma_tables(scale, step).sum() > found.sum()
            low, high = (step + 1, high) if coarser else (low, step)
        near = range(low, min(low + STEPS_PER_QUALITY, 100 * STEPS_PER_QUALITY) + 1)
        return any(np.array_equal(self._luma_tables(scale, step), found) for step in near)

    def _decoder_for(self, marker: Marker) -> Decoder:
        if not self.made(marker):
            raise CheckpointError(
                f"made by the model {marker.model} ({marker.model_hash.hex()}), "
                f"and this is {self.name} ({self._hash.hex()})"
            )
        if marker.scale not in self._decoders:
            raise CheckpointError(f"the model {self.name} has no networks of scale {marker.scale}")
        return self._decoders[marker.scale]

    def _marker_for(self, data: bytes, scale: int) -> Marker:
        """A marker for a compact image that lost its own: the size is taken for a multiple."""
        with open_image(data, max_pixels=2**63) as image:
            width, height = image.size
        return self._adopted(Marker((scale * height, scale * width), scale, "", b""), data)

    def _adopted(self, marker: Marker, data: bytes) -> Marker:
        """A file's marker as if this model had made it; what the file does not tell is guessed."""
        told = 0 if markers.kind(data) == "JPEG" else marker.quality or _UNKNOWN_QUALITY
        return dataclasses.replace(marker, model=self.name, model_hash=self._hash, quality=told)

    def _supposed(self, data: bytes, marker: Marker) -> tuple[str, ...]:
        """What a file without marker is taken for."""
        height, width = marker.size
        if self.has_own_tables(data, marker.scale):
            return (f"no marker: restored to {marker.scale} times its size, {width}x{height}",)
        return (
            f"no marker, and nothing else says that it is a compact image: taken for one of"
            f" {width}x{height}; a plain picture needs no --model",
        )

    def _luma_tables(self, scale: int, step: int) -> np.ndarray:
        """Those that grayscale has as well, (1, 8, 8)."""
        return self._decoders[scale].tables(step / STEPS_PER_QUALITY)[:1]


def _instead_of(marker: Marker, adopted: Marker) -> str:
    made_by = f"{marker.model} ({marker.model_hash.hex()})"
    used = f"{adopted.model} ({adopted.model_hash.hex()})"
    return f"made by the model {made_by}, restored with {used}"


def _decode(data: bytes, marker: Marker | None, max_pixels: int) -> np.ndarray:
    """The pixels of a file, uint8 (h, w, 1 or 3), if they have the size that the marker implies.

    Nothing is decoded, and no memory taken, before that is known.
    """
    with open_image(data, max_pixels) as image:
        width, height = image.size
        if marker is not None:
            _check_size(marker, (height, width), max_pixels)
        try:
            pixels = np.asarray(image.convert("L" if is_gray(image) else "RGB"))
        except Exception as error:  # Pillow's plugins raise errors of many kinds
            raise DataError(f"broken or truncated image ({error})") from error
    return pixels.reshape(height, width, -1)


def _check_size(marker: Marker, size: tuple[int, int], max_pixels: int) -> None:
    if marker.compact_size != size:
        raise DataError(
            f"marker with a size of {marker.size[1]}x{marker.size[0]} at scale "
            f"{marker.scale} in a file of {size[1]}x{size[0]}"
        )
    if marker.size[0] * marker.size[1] > max_pixels:
        raise DataError(
            f"{marker.size[1]}x{marker.size[0]} is more than the limit of "
            f"{max_pixels} pixels; --max-pixels allows more"
        )


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    if orientation not in TURNS:
        return pixels
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    turned = np.asarray(picture.transpose(TURNS[orientation]))
    return turned.reshape(*turned.shape[:2], -1)
