"""What the numbers of a picture mean: profiles, PNG's and AVIF's descriptions, and sRGB."""

import dataclasses
import functools
import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from jaxshrink.files.segments import png_chunks

# (x, y) of red, green, blue and white, by H.273's numbers.
_D65 = (0.3127, 0.3290)
_PRIMARIES = {
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
_SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
_ADOBE_RGB_PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65)
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_PQ, _HLG = 16, 18
_UNSPECIFIED = b"\2\2"
# Chromaticities and gammas that are so near are taken for the same.
_SAME_CHROMATICITY, _SAME_GAMMA = 0.005, 0.05
_SRGB_GAMMA = 2.2
# The white of ordinary pictures among highlights: BT.2408.
_WHITE_NITS = 203.0
_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)

Primaries = tuple[tuple[float, float], ...]


@dataclasses.dataclass(frozen=True)
class Description:
    """Colours as a PNG or an AVIF describes them without a profile.

    Attributes:
      primaries: (x, y) of red, green, blue and white; None: those of sRGB.
      transfer: "pq", "hlg", a gamma, or None: that of sRGB.
      before_profile: whether it counts where there is a profile as well.
    """

    primaries: Primaries | None = None
    transfer: float | str | None = None
    before_profile: bool = False

    @property
    def is_hdr(self) -> bool:
        return isinstance(self.transfer, str)


def of_codes(primaries: int, transfer: int) -> Description:
    """H.273's code points; what is not known is taken for sRGB."""
    hdr = {_PQ: "pq", _HLG: "hlg"}.get(transfer)
    gamma = _GAMMAS.get(transfer)
    if gamma is not None and abs(gamma - _SRGB_GAMMA) < _SAME_GAMMA:
        gamma = None
    return Description(_PRIMARIES.get(primaries), hdr or gamma)


def of_png(png: bytes) -> Description:
    """The chunks of a PNG, in the order in which one counts before the other."""
    chunks: dict[bytes, bytes] = {}
    for chunk in png_chunks(png):
        if chunk.name == b"IDAT":
            break
        chunks.setdefault(chunk.name, chunk.payload)
    codes = chunks.get(b"cICP", b"")
    if len(codes) == 4 and codes[:2] != _UNSPECIFIED:
        return dataclasses.replace(of_codes(*codes[:2]), before_profile=True)
    if b"iCCP" in chunks or b"sRGB" in chunks:
        return Description()
    return Description(_chromaticities(chunks.get(b"cHRM", b"")), _gamma(chunks.get(b"gAMA", b"")))


def _chromaticities(chunk: bytes) -> Primaries | None:
    if len(chunk) != 32:
        return None
    white_x, white_y, *rest = (number / 1e5 for number in struct.unpack(">8I", chunk))
    found = (*zip(rest[::2], rest[1::2], strict=True), (white_x, white_y))
    return None if _is_srgb(found) or not _is_possible(found) else found


def _is_srgb(found: Primaries) -> bool:
    return bool(np.abs(np.subtract(found, _SRGB_PRIMARIES)).max() < _SAME_CHROMATICITY)


def _is_possible(found: Primaries) -> bool:
    """Whether a profile can be made of them."""
    if any(y < 1e-3 or x + y > 1.001 for x, y in found):
        return False
    xyz = np.array([(x / y, 1, (1 - x - y) / y) for x, y in found[:3]]).T
    return bool(abs(np.linalg.det(xyz)) > 1e-3)


def _gamma(chunk: bytes) -> float | None:
    stored = int.from_bytes(chunk, "big") if len(chunk) == 4 else 0
    if not 0.01 < stored / 1e5 < 10:
        return None
    gamma = 1e5 / stored
    return None if abs(gamma / _SRGB_GAMMA - 1) < _SAME_GAMMA else gamma


def from_transfer(gamma: float) -> Callable[[np.ndarray], np.ndarray]:
    """From values of a gamma, in [0, 1], to sRGB's values of the same light."""
    return lambda values: _encoded(values**gamma)


def hdr_to_srgb(pixels: np.ndarray, description: Description) -> np.ndarray:
    """Converts, with highlights above the white of ordinary pictures clipped.

    Args:
      pixels: uint8 (H, W, 3), of PQ or HLG.
      description: what the pixels' numbers mean.

    Returns:
      uint8 (H, W, 3).
    """
    linear = _linear_of(np.arange(256) / 255, str(description.transfer)).astype(np.float32)
    matrix = np.linalg.inv(_to_xyz(_SRGB_PRIMARIES)) @ _to_xyz(
        description.primaries or _SRGB_PRIMARIES
    )
    result = np.empty_like(pixels)
    for row in range(0, len(pixels), 256):
        light = linear[pixels[row : row + 256]] @ matrix.T.astype(np.float32)
        result[row : row + 256] = np.round(255 * _encoded(np.clip(light, 0, 1)))
    return result


def _linear_of(values: np.ndarray, transfer: str) -> np.ndarray:
    """Light in units of an ordinary picture's white."""
    if transfer == "pq":
        root = values ** (1 / 78.84375)
        light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        return 10000 / _WHITE_NITS * light ** (1 / 0.1593017578125)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    return 1000 / _WHITE_NITS * scene**1.2


def _encoded(light: np.ndarray) -> np.ndarray:
    """sRGB's transfer function, [0, 1] to [0, 1]."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _to_xyz(primaries: Primaries) -> np.ndarray:
    """The matrix from light of these primaries to XYZ, their white at Y = 1."""
    red_to_blue = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries[:3]]).T
    x, y = primaries[3]
    return red_to_blue * np.linalg.solve(red_to_blue, [x / y, 1, (1 - x - y) / y])


@functools.cache
def profile_of(primaries: Primaries, gamma: float | None = None) -> bytes:
    """An ICC profile of these primaries, with sRGB's transfer function or a gamma."""
    x, y = primaries[3]
    white = np.array([x / y, 1, (1 - x - y) / y])
    adapted = np.diag(_BRADFORD @ _D50 / (_BRADFORD @ white))
    to_d50 = np.linalg.inv(_BRADFORD) @ adapted @ _BRADFORD
    columns = (to_d50 @ _to_xyz(primaries)).T
    if gamma is None:
        curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0)
        curve += _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    else:
        curve = b"para" + bytes(8) + _fixed(gamma)
    tags = [(b"desc", _text("RGB")), (b"cprt", _text("CC0")), (b"wtpt", _xyz(_D50))]
    for name, column in zip((b"r", b"g", b"b"), columns, strict=True):
        tags += [(name + b"XYZ", _xyz(column)), (name + b"TRC", curve)]
    return _profile(tags)


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _xyz(values: Any) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*values)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    head = b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28)
    return head + encoded


def _profile(tags: list[tuple[bytes, bytes]]) -> bytes:
    """A profile of version 4 for displays; tags that are alike share their bytes."""
    table, body, places = b"", b"", {}
    start = 132 + 12 * len(tags)
    for name, payload in tags:
        if payload not in places:
            places[payload] = start + len(body)
            body += payload + bytes(-len(payload) % 4)
        table += name + struct.pack(">II", places[payload], len(payload))
    head = struct.pack(
        ">I4sI4s4s4s12s4s28s", start + len(body), b"", 0x04200000, b"mntr", b"RGB ", b"XYZ ",
        struct.pack(">6H", 2026, 1, 1, 0, 0, 0), b"acsp", b"",
    )  # fmt: skip
    head += _fixed(*_D50) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + body


def adobe_rgb() -> bytes:
    """A profile of the colours that some cameras only name."""
    return profile_of(_ADOBE_RGB_PRIMARIES, 563 / 256)


def space_of(icc: bytes) -> str:
    """What a profile is for, as ICC abbreviates it: "RGB", "GRAY", "CMYK", "Lab", ..."""
    return icc[16:20].decode("latin1").strip()


def is_whole(icc: bytes) -> bool:
    """Whether it is a profile, and nothing of it is cut off."""
    count = int.from_bytes(icc[128:132], "big")
    if icc[36:40] != b"acsp" or not 0 < count <= (len(icc) - 132) // 12:
        return False
    places = struct.unpack_from(f">{3 * count}I", icc, 132)
    return all(
        start + size <= len(icc) for start, size in zip(places[1::3], places[2::3], strict=True)
    )


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image | None:
    """Converts by a profile, to mode RGB.

    Returns:
      None if the profile is damaged, or not for pictures of this mode.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def is_srgb(icc: bytes) -> bool:
    """Whether a profile says no more than that colours are sRGB's, within two levels."""
    channels = 1 if space_of(icc) == "GRAY" else 3
    levels = np.linspace(0, 255, 9).astype(np.uint8)
    if channels == 1:
        colors = levels[:, None]
        image = Image.fromarray(colors)
    else:
        colors = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 1, 3)
        image = Image.fromarray(colors)
    converted = to_srgb(image, icc)
    if converted is None:
        return False
    found = np.asarray(converted).astype(int)
    return bool(np.abs(found - colors.reshape(len(colors), 1, -1)).max() <= 2)
