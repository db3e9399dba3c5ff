"""From a file as it comes back, turned, cropped, stripped of its marker, to the photograph."""

import dataclasses

import numpy as np
from PIL import Image

from jaxshrink.compression.compressor import Compressor
from jaxshrink.files import markers
from jaxshrink.files.exif_changes import TURNS
from jaxshrink.files.markers import DEFAULT_MAX_PIXELS, Marker
from jaxshrink.files.opening import open_image, with_end
from jaxshrink.files.photographs import read_orientation, read_photograph


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


def restore(
    compressor: Compressor, data: bytes, marker: Marker, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Restored:
    """Restores a photograph from a file that may have been turned, cropped or resized since.

    Args:
      compressor: the model.
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
    pixels = compressor.expand(data, marker=fitting, max_pixels=max_pixels)
    return Restored(_upright(pixels, read_orientation(data)), marker.scale, notes)


def restore_with(
    compressor: Compressor,
    data: bytes,
    marker: Marker | None,
    scale: int,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Restored:
    """Restores a photograph with a model that was named, whatever made the file.

    Args:
      compressor: the model.
      data: the file.
      marker: the file's own; None where it has none.
      scale: 2 or 1, where there is no marker.
      max_pixels: a photograph of more is refused before anything is decoded.

    Raises:
      DataError: if the file is broken or too large.
      CheckpointError: if the model has no networks for the file's scale.
    """
    assumed = () if marker is None else _assumed(compressor, marker, data)
    if marker is None:
        own = compressor.has_own_tables(data, scale)
        marker = compressor.marker_for(data, scale)
        height, width = marker.size
        assumed = (f"no marker: restored to {scale} times its size, {width}x{height}",)
        if not own:
            assumed = (
                f"no marker, and nothing else says that it is a compact image: taken for one of"
                f" {width}x{height}; a plain picture needs no --model",
            )
    adopted = compressor.adopted(marker, data)
    restored = restore(compressor, data, adopted, max_pixels)
    return dataclasses.replace(restored, notes=(*assumed, *restored.notes))


def _assumed(compressor: Compressor, marker: Marker, data: bytes) -> tuple[str, ...]:
    if compressor.made(marker):
        return ()
    adopted = compressor.adopted(marker, data)
    made_by = f"{marker.model} ({marker.model_hash.hex()})"
    used = f"{adopted.model} ({adopted.model_hash.hex()})"
    return (f"made by the model {made_by}, restored with {used}",)


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    if orientation not in TURNS:
        return pixels
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    turned = np.asarray(picture.transpose(TURNS[orientation]))
    return turned.reshape(*turned.shape[:2], -1)
