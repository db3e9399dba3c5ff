"""Photographs as they are: their pixels upright in 8 bits, and what else their files say.

Pixels are uint8 (H, W, 3), or (H, W, 1) where the file has no colour. Every function that reads
raises DataError with one line, whatever is wrong with the file.
"""

import dataclasses
import io
import re
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageColor, ImageOps, PngImagePlugin

from jaxshrink import container
from jaxshrink.container import DEFAULT_MAX_PIXELS
from jaxshrink.errors import DataError

# Sizes are checked against `max_pixels` before anything is decoded, so Pillow's own limit,
# which only warns up to twice its value, is not needed.
Image.MAX_IMAGE_PIXELS = None

REFUSE = "refuse"  # as a background

_ORIENTATION_TAG = 0x0112
_EXIF_HEADER = b"Exif\x00\x00"
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"
_ICC_HEADER = b"ICC_PROFILE\x00"
_APP1, _APP2 = 0xE1, 0xE2
_MAX_PAYLOAD = 65533
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))[2-8]")
# Of the header of a WebP of the extended kind.
_WEBP_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
_SEVERAL_FRAMES_AS_ONE = ("MPO",)  # a phone's photograph with previews
_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 4},
    "JPEG": {"quality": 95, "subsampling": "4:4:4", "optimize": True},
    "WEBP": {"lossless": True, "quality": 50},
}
_GRAY_MODES = ("1", "L", "LA", "La")


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What a file says beside its pixels; empty where it says nothing.

    Attributes:
      exif: from the TIFF header on, orientation reset.
      icc: the colour profile, of as many channels as the pixels have.
      xmp: an XML packet.
    """

    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""


@dataclasses.dataclass(frozen=True)
class Photograph:
    """A decoded file.

    Attributes:
      pixels: upright, uint8 (H, W, 1 or 3).
      metadata: of the file.
      notes: what was done to it that its owner may want to know, one line each.
    """

    pixels: np.ndarray
    metadata: Metadata
    notes: tuple[str, ...] = ()


def read_photograph(
    data: bytes, *, max_pixels: int = DEFAULT_MAX_PIXELS, background: str = "white"
) -> Photograph:
    """Decodes a file of any format and mode that Pillow reads.

    16 bits are rounded to 8, CMYK is converted by its profile to sRGB.

    Args:
      data: the whole file.
      max_pixels: more are refused before they are decoded.
      background: the colour to lay transparent pixels over, or `REFUSE`.

    Raises:
      DataError: if it is broken, too large, animated, or of a kind without a known range.
    """
    with open_image(data, max_pixels) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format not in _SEVERAL_FRAMES_AS_ONE:
            raise DataError(f"has {frames} frames; animations are not supported")
        try:
            image.load()
            metadata = _metadata(image)
            upright = ImageOps.exif_transpose(image)
            converted, notes = _to_8_bits(upright, background)
        except DataError:
            raise
        except Exception as error:  # Pillow's plugins raise errors of many kinds
            raise DataError(f"broken or truncated image ({error})") from error
    pixels = np.array(converted)
    if metadata.icc and _color_space(metadata.icc) != ("L" if pixels.ndim == 2 else "RGB"):
        metadata = dataclasses.replace(metadata, icc=b"")
    return Photograph(pixels.reshape(*pixels.shape[:2], -1), metadata, notes)


def read_metadata(data: bytes) -> Metadata:
    """What a picture that can be decoded says beside its pixels."""
    with open_image(data) as image:
        return _metadata(image)


def open_image(data: bytes, max_pixels: int = DEFAULT_MAX_PIXELS) -> Image.Image:
    """Opens a file without decoding it.

    Raises:
      DataError: if it is no picture, or has more than `max_pixels` pixels.
    """
    try:
        image = Image.open(io.BytesIO(data))
    except Exception as error:  # as above
        reason = "unknown format" if isinstance(error, Image.UnidentifiedImageError) else error
        raise DataError(f"cannot be read as an image ({reason})") from error
    width, height = image.size
    if width * height > max_pixels:
        image.close()
        raise DataError(f"{width}x{height} is more than the limit of {max_pixels} pixels")
    return image


def is_color(text: str) -> bool:
    """Whether Pillow knows this name or code of a colour."""
    try:
        ImageColor.getrgb(text)
    except ValueError:
        return False
    return True


def add_metadata(file: bytes, metadata: Metadata, size: tuple[int, int]) -> bytes:
    """Puts metadata into a JPEG or a WebP that has none.

    Args:
      file: the picture.
      metadata: what does not fit into a JPEG's segments, an XMP or EXIF of more than 64 kB, is
        left out, see `fitting`.
      size: (h, w) of the picture.
    """
    if container.kind(file) == "WEBP":
        chunks = [(b"ICCP", metadata.icc), (b"EXIF", metadata.exif), (b"XMP ", metadata.xmp)]
        chunks = [(name, payload) for name, payload in chunks if payload]
        flags = sum(_WEBP_FLAGS[name] for name, _ in chunks)
        return container.add_chunks(file, chunks, size, flags) if chunks else file
    segments = []
    if metadata.exif:
        segments.append((_APP1, _EXIF_HEADER + metadata.exif))
    if metadata.xmp:
        segments.append((_APP1, _XMP_HEADER + metadata.xmp))
    step = _MAX_PAYLOAD - len(_ICC_HEADER) - 2
    parts = [metadata.icc[i : i + step] for i in range(0, len(metadata.icc), step)]
    for index, part in enumerate(parts, 1):
        segments.append((_APP2, _ICC_HEADER + bytes([index, len(parts)]) + part))
    return container.add_segments(file, segments)


def fitting(metadata: Metadata) -> tuple[Metadata, tuple[str, ...]]:
    """What fits into a JPEG's segments, and a line for each part that does not."""
    limits = {
        "exif": _MAX_PAYLOAD - len(_EXIF_HEADER),
        "xmp": _MAX_PAYLOAD - len(_XMP_HEADER),
        "icc": 255 * (_MAX_PAYLOAD - len(_ICC_HEADER) - 2),
    }
    large = [name for name, limit in limits.items() if len(getattr(metadata, name)) > limit]
    kept = dataclasses.replace(metadata, **dict.fromkeys(large, b""))
    return kept, tuple(f"its {name.upper()} is too large for a JPEG, left out" for name in large)


def encode_photograph(pixels: np.ndarray, file_format: str, metadata: Metadata) -> bytes:
    """Returns a "PNG", a "JPEG" (quality 95, full chroma) or a lossless "WEBP".

    Args:
      pixels: uint8 (H, W, 1 or 3).
      file_format: one of these.
      metadata: to put into it.

    Raises:
      DataError: if the picture is too large for the format.
    """
    options = dict(_OPTIONS[file_format])
    if file_format == "PNG":
        text = PngImagePlugin.PngInfo()
        if metadata.xmp:
            text.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode(errors="replace"))
        options["pnginfo"] = text
    else:
        metadata = fitting(metadata)[0]
        if metadata.xmp:
            options["xmp"] = metadata.xmp
    if metadata.exif:
        options["exif"] = _EXIF_HEADER + metadata.exif
    if metadata.icc:
        options["icc_profile"] = metadata.icc
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    try:
        picture.save(buffer, file_format, **options)
    except Exception as error:  # as above; too long a side is one
        raise DataError(f"cannot be written as {file_format} ({error})") from error
    return buffer.getvalue()


def _metadata(image: Image.Image) -> Metadata:
    exif = image.info.get("exif") or b""
    xmp = image.info.get("xmp") or b""
    xmp = xmp.encode() if isinstance(xmp, str) else bytes(xmp)
    return Metadata(
        exif=_reset_orientation(exif.removeprefix(_EXIF_HEADER)),
        icc=image.info.get("icc_profile") or b"",
        xmp=_XMP_ORIENTATION.sub(rb"\g<1>1", xmp),
    )


def _reset_orientation(exif: bytes) -> bytes:
    """Sets the orientation to 1, and leaves every other byte alone; b"" for what is no EXIF."""
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(exif[:4])
    if order is None:
        return b""

    def number(start: int, length: int) -> int:
        return int.from_bytes(exif[start : start + length], order)  # type: ignore[arg-type]

    first = number(4, 4)
    for entry in range(first + 2, min(first + 2 + 12 * number(first, 2), len(exif) - 11), 12):
        if number(entry, 2) == _ORIENTATION_TAG:
            value = (1).to_bytes(2, order)  # type: ignore[arg-type]
            return exif[: entry + 8] + value + exif[entry + 10 :]
    return exif


def _to_8_bits(image: Image.Image, background: str) -> tuple[Image.Image, tuple[str, ...]]:
    """An image of mode L or RGB, and what was done to it."""
    notes: tuple[str, ...] = ()
    if image.mode in ("F", "LAB", "HSV"):
        raise DataError(f"pictures of mode {image.mode} are not supported")
    if image.mode.startswith("I"):
        levels = np.clip(np.asarray(image, np.float32), 0, 65535)
        return Image.fromarray(np.round(levels / 257).astype(np.uint8)), ("16 bits rounded to 8",)
    if image.mode == "CMYK":
        return _from_cmyk(image), ("CMYK converted to sRGB",)
    gray = image.mode in _GRAY_MODES
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        if layer.getchannel("A").getextrema()[0] != 255:
            if background == REFUSE:
                raise DataError("has transparent pixels; choose a --background")
            below = Image.new("RGBA", layer.size, background)
            gray = gray and len(set(ImageColor.getrgb(background)[:3])) == 1
            layer = Image.alpha_composite(below, layer)
            notes = (f"transparent pixels laid over {background}",)
        image = layer
    return image.convert("L" if gray else "RGB"), notes


def _from_cmyk(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            assert converted is not None
            return converted
        except ImageCms.PyCMSError:
            pass  # a profile that is damaged or no CMYK's
    return image.convert("RGB")


def _color_space(icc: bytes) -> str | None:
    """The mode of the pictures that a profile is for."""
    return {b"RGB ": "RGB", b"GRAY": "L"}.get(icc[16:20])
