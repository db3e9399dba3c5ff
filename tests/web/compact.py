"""Compact files made here: pixels at the compact size, a model's tables, the marker."""

import base64
import json
from pathlib import Path

import numpy as np
from PIL import Image

from jaxshrink.codecs import encode_jpeg
from jaxshrink.files import markers
from jaxshrink.files.markers import Marker


class Maker:
    """Of compact files of one model.

    Args:
      path: of its JSON, as `jaxshrink export onnx` writes it.
    """

    def __init__(self, path: Path) -> None:
        told = json.loads(path.read_text())
        self.name = told["name"]
        self.digest = bytes.fromhex(told["hash"])
        self._tables = {
            int(scale): np.frombuffer(base64.b64decode(one["tables"]), np.uint8)
            for scale, one in told["scales"].items()
        }

    def marker(self, size: tuple[int, int], scale: int) -> Marker:
        return Marker(size, scale, self.name, self.digest)

    def compact(self, pixels: np.ndarray, scale: int, quality: int) -> bytes:
        """A marked JPEG of uint8 (H, W, 1 or 3), without metadata."""
        marker = self.marker(pixels.shape[:2], scale)
        height, width = marker.compact_size
        picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        small = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))
        tables = self._tables[scale].reshape(100, 2, 8, 8)[quality - 1]
        jpeg = encode_jpeg(small.reshape(height, width, -1), tables)
        return markers.attach(jpeg, marker)
