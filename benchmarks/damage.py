"""Good files of every kind that the tool reads, and ways to damage them."""

import io
import json
from collections.abc import Mapping

import numpy as np
from PIL import Image

from benchmarks.odd_pictures import odd_pictures
from jaxshrink.compression.model import Model
from tests.cli import sixty

# What lengths, counts and markers of formats are made of.
_TELLING = (0, 1, 2, 4, 8, 127, 128, 216, 217, 225, 254, 255)
_NUMBERS = ("-1", "0", "1e999", "NaN", "1e-320", "99999999999999999999", "null", "[]", "{}", '"x"')


def good_photographs(picture: Image.Image, compact: bytes) -> dict[str, bytes]:
    """Files of every format, mode and kind of metadata, by a name."""
    picture = picture.resize(sixty.SIZE)
    files = {**sixty.formats(picture), **sixty.described(picture)}
    oddities = sixty.oddities(picture, compact)
    return {**files, **{str(name): data for name, data in oddities.items()}}


def good_compact_files(model: Model, x: np.ndarray) -> dict[str, bytes]:
    """One of every codec and scale."""
    return {
        f"{scale}.{codec}": model.encode(x, 30, scale, codec)
        for codec in ("jpeg", "webp", "avif")
        for scale in (1, 2)
    }


def good_documents() -> dict[str, bytes]:
    """JSON as it is read: a curve, lines of a cache, a config."""
    rates = {"bpp": [0.1, 0.5], "psnr-rgb": [30.0, 35.0], "ms-ssim-rgb": [0.95, 0.99]}
    curve = {"name": "codec", "description": "", "results": rates}
    point = {"key": "a" * 64, "point": {"quality": 50, "num_bytes": 100, "bpp": 0.5}}
    config = {"model": {"channels": 3, "scale": 2}, "codec": {"name": "jpeg"}, "seed": 0}
    return {
        "curve.json": json.dumps(curve).encode(),
        "points.jsonl": (json.dumps(point) + "\n").encode() * 3,
        "config.json": json.dumps(config).encode(),
    }


def odd_files() -> dict[str, bytes]:
    """Whole pictures that are no photographs: tiny, flat, striped, as PNG."""
    files = {}
    for name, x in odd_pictures().items():
        if x.shape[0] * x.shape[1] <= 10_000:
            buffer = io.BytesIO()
            Image.fromarray(x[:, :, 0] if x.shape[2] == 1 else x).save(buffer, "PNG")
            files[f"{name}.png"] = buffer.getvalue()
    return files


def damaged(data: bytes, rng: np.random.Generator, others: Mapping[str, bytes] = {}) -> bytes:
    """The file after one to four changes, near its start or its marker more often than elsewhere.

    Args:
      data: a good file.
      rng: decides.
      others: files of which parts may be put into it.
    """
    changed = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        _change(changed, rng, others)
    return bytes(changed)


def _change(data: bytearray, rng: np.random.Generator, others: Mapping[str, bytes]) -> None:
    size = max(len(data), 1)
    places = [int(rng.integers(size)), int(rng.integers(min(size, 200))), data.find(b"JXS\0")]
    place = min(max(int(rng.choice(places)) + int(rng.integers(-2, 24)), 0), size - 1)
    length = int(rng.choice([1, 2, 4, int(rng.integers(1, 64)), int(rng.integers(1, size + 1))]))
    kind = rng.integers(8)
    if kind <= 1:
        data[place : place + 1] = bytes([int(rng.choice(_TELLING))])
    elif kind == 2:
        data[place : place + 4] = rng.bytes(4)
    elif kind == 3:
        del data[place : place + length]
    elif kind == 4:
        data[place:place] = data[place : place + length]
    elif kind == 5:
        del data[place:]
    elif kind == 6 and others:
        other = others[str(rng.choice(list(others)))]
        start = int(rng.integers(max(len(other), 1)))
        data[place:place] = other[start : start + length]
    elif bytes(data[:1]) in (b"{", b"["):
        # Of JSON, a value becomes another.
        colon = data.find(b":", place)
        end = min((i for i in (data.find(b, colon) for b in b",}]") if i > colon), default=colon)
        data[colon + 1 : end] = str(rng.choice(_NUMBERS)).encode()
    else:
        data += rng.bytes(length % 100)
