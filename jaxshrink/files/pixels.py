"""From any mode of Pillow's to 8 bits of gray or RGB."""

import dataclasses
import re

import numpy as np
from PIL import Image, ImageCms, ImageColor

from jaxshrink.errors import DataError
from jaxshrink.files import avif, color
from jaxshrink.files.color import Description
from jaxshrink.files.segments import PNG_SIGNATURE

REFUSE = "refuse"  # as a background

_GRAY_MODES = ("1", "L", "LA", "La")
_REFUSED_MODES = ("F", "HSV")
_HIGHEST = 65535
_PNG_DEPTH, _PNG_KIND = 24, 25
_PNG_GRAY, _PNG_RGB, _PNG_GRAY_ALPHA = 0, 2, 4
_JPEG2000_SIZE, _JPEG2000_DEPTH = b"\xff\x4f\xff\x51", 42
_PPM = re.compile(rb"P[56](?:\s+|#[^\n]*\n)*\d+(?:\s+|#[^\n]*\n)*\d+(?:\s+|#[^\n]*\n)*(\d+)")
_BITS_PER_SAMPLE = 258


@dataclasses.dataclass(frozen=True)
class Converted:
    """Pixels and what was done to them.

    Attributes:
      image: of mode L or RGB.
      icc: the profile that they are in; b"" is sRGB, or nothing told.
      was_converted: whether they were not in sRGB before, and are now.
      notes: one line each.
    """

    image: Image.Image
    icc: bytes
    was_converted: bool
    notes: tuple[str, ...]


def to_8_bits(
    image: Image.Image, opened: Image.Image, data: bytes, icc: bytes, background: str
) -> Converted:
    """Converts what is no 8 bits of gray or RGB, and what a profile cannot describe.

    Args:
      image: loaded, upright.
      opened: as Pillow opened it, which may be the same.
      data: the bytes of the image's file.
      icc: the image's colour profile; b"" is none.
      background: a colour to lay transparent pixels over, or `REFUSE`.

    Raises:
      DataError: for a mode without a known range, or for transparency where it is refused.
    """
    if image.mode in _REFUSED_MODES:
        raise DataError(f"pictures of mode {image.mode} are not supported")
    if opened.format == "TIFF" and image.mode == "I":  # Pillow's for 32 bits, and for signed 16
        raise DataError("gray of 32 bits, or with signs, is not supported: its white is not known")
    if image.mode in ("CMYK", "LAB"):
        return _from_print(image, icc)
    description = _description(opened, data, icc)
    icc = b"" if description.before_profile else icc
    notes: tuple[str, ...] = ()
    gamma = description.transfer
    if image.mode.startswith("I"):
        layer, gray = _from_16_bits(image, gamma if isinstance(gamma, float) else None), True
        notes = ("16 bits rounded to 8",)
    else:
        notes = _depth_note(opened, data)
        gray = image.mode in _GRAY_MODES or _is_gray_png(data)
        layer = image.convert("RGBA") if _repaired(image, data).has_transparency_data else image
        if isinstance(gamma, float):
            layer = _with_transfer(layer, gamma, gray)
    if isinstance(gamma, float):
        notes += (f"gamma {gamma:.4g} converted to sRGB's",)
    if layer.mode in ("RGBA", "LA"):
        layer, gray, more = _flattened(layer, gray, background)
        notes += more
    result = layer.convert("L" if gray else "RGB")
    if description.is_hdr:
        name = {"pq": "PQ", "hlg": "HLG"}[str(gamma)]
        colored = np.asarray(result.convert("RGB"))
        result = Image.fromarray(color.hdr_to_srgb(colored, description)).convert(result.mode)
        return Converted(result, b"", True, (*notes, f"HDR ({name}) converted to sRGB"))
    if description.primaries is not None and not gray:
        return Converted(result, color.profile_of(description.primaries), False, notes)
    return _with_fitting_profile(result, icc, isinstance(gamma, float), notes)


def _description(image: Image.Image, data: bytes, icc: bytes) -> Description:
    """Of PNGs and AVIFs that have no profile; a PNG's cICP goes before its profile."""
    if image.format == "PNG":
        return color.of_png(data)
    if icc:
        return Description()
    codes = avif.color_codes(data) if image.format == "AVIF" else None
    nclx = image.info.get("nclx_profile")  # of HEIC
    if codes is None and isinstance(nclx, dict):
        codes = nclx.get("color_primaries", 2), nclx.get("transfer_characteristics", 2)
    return Description() if codes is None else color.of_codes(int(codes[0]), int(codes[1]))


def _from_print(image: Image.Image, icc: bytes) -> Converted:
    """CMYK and Lab, by their profile where it is one of theirs."""
    if image.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
        converted = color.to_srgb(image, lab)
        if converted is None:
            raise DataError("pictures of mode LAB are not supported")
    else:
        converted = color.to_srgb(image, icc) if color.space_of(icc) == "CMYK" else None
        converted = image.convert("RGB") if converted is None else converted
    return Converted(converted, b"", True, (f"{image.mode} converted to sRGB",))


def _from_16_bits(image: Image.Image, gamma: float | None) -> Image.Image:
    """Gray of 16 bits, with a layer of opacity where one of its levels is transparent."""
    levels = np.asarray(image)
    values = np.clip(levels.astype(np.float32), 0, _HIGHEST) / _HIGHEST
    if gamma is not None:
        values = color.from_transfer(gamma)(values)
    result = Image.fromarray(np.round(values * 255).astype(np.uint8))
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        result.putalpha(Image.fromarray(np.where(levels == transparent, 0, 255).astype(np.uint8)))
    return result


def _is_gray_png(data: bytes) -> bool:
    """Whether it is one whose 16 bits Pillow reads as colour."""
    kinds = (_PNG_GRAY, _PNG_GRAY_ALPHA)
    return data.startswith(PNG_SIGNATURE) and data[_PNG_KIND] in kinds


def _repaired(image: Image.Image, data: bytes) -> Image.Image:
    """The transparent colour in the 8 bits that Pillow reads, not in those of the PNG."""
    transparent = image.info.get("transparency")
    if not data.startswith(PNG_SIGNATURE):
        return image
    depth, kind = data[_PNG_DEPTH], data[_PNG_KIND]
    if kind == _PNG_GRAY and image.mode == "L" and depth < 8 and isinstance(transparent, int):
        image.info["transparency"] = transparent * 255 // (2**depth - 1)
    elif kind == _PNG_RGB and depth == 16 and isinstance(transparent, tuple):
        image.info["transparency"] = tuple(level >> 8 for level in transparent)
    return image


def _depth_note(image: Image.Image, data: bytes) -> tuple[str, ...]:
    bits = 8
    if data.startswith(PNG_SIGNATURE):
        bits = data[_PNG_DEPTH]
    elif image.format == "TIFF":
        told = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, 8)
        bits = max(told) if isinstance(told, tuple) else told
    elif image.format == "AVIF":
        bits = avif.bits_per_channel(data)
    elif image.format == "JPEG2000" and (at := data.find(_JPEG2000_SIZE)) >= 0:
        bits = 1 + (data[at + _JPEG2000_DEPTH] & 127)
    elif image.format == "PPM" and (match := _PPM.match(data)):
        bits = int(match[1]).bit_length()
    else:
        bits = image.info.get("bit_depth", 8)
    return (f"{bits} bits per channel reduced to 8",) if bits > 8 else ()


def _with_transfer(layer: Image.Image, gamma: float, gray: bool) -> Image.Image:
    """An image in sRGB's transfer function; opacity stays."""
    if layer.mode not in ("L", "RGB", "RGBA", "LA"):
        layer = layer.convert("L" if gray else "RGB")
    values = color.from_transfer(gamma)(np.arange(256) / 255)
    table = np.round(255 * values).astype(int).tolist()
    bands = [band.point(table) for band in layer.split()]
    if layer.mode in ("RGBA", "LA"):
        bands[-1] = layer.getchannel("A")
    return Image.merge(layer.mode, bands)


def _flattened(
    layer: Image.Image, gray: bool, background: str
) -> tuple[Image.Image, bool, tuple[str, ...]]:
    """Over the background, whether it is gray then, and a line if there was transparency."""
    layer = layer.convert("RGBA")
    if layer.getchannel("A").getextrema()[0] == 255:
        return layer, gray, ()
    if background == REFUSE:
        raise DataError("has transparent pixels; choose a --background")
    below = Image.new("RGBA", layer.size, background)
    gray = gray and len(set(ImageColor.getrgb(background)[:3])) == 1
    over = Image.alpha_composite(below, layer)
    return over, gray, (f"transparent pixels laid over {background}",)


def _with_fitting_profile(
    image: Image.Image, icc: bytes, was_converted: bool, notes: tuple[str, ...]
) -> Converted:
    """The profile where it is for such pixels; else they are converted by it, or it goes."""
    space = color.space_of(icc)
    if not icc or was_converted:
        return Converted(image, b"", was_converted, notes)
    if not color.is_whole(icc):
        return Converted(image, b"", False, (*notes, "its profile, which is damaged, left out"))
    if space == ("GRAY" if image.mode == "L" else "RGB"):
        return Converted(image, icc, False, notes)
    if image.mode == "L" and space == "RGB":
        if color.is_srgb(icc):
            return Converted(image, b"", False, notes)
        converted = color.to_srgb(image.convert("RGB"), icc)
        if converted is not None:
            notes = (*notes, "gray of a profile for colour converted to sRGB")
            return Converted(converted.convert("L"), b"", True, notes)
    name = space if space.isprintable() and space else "unknown"
    return Converted(image, b"", False, (*notes, f"its profile, for {name}, left out"))
