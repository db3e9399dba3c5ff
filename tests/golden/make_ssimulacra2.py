"""Writes ssimulacra2.json: SSIMULACRA2 of real photographs as the package of that name computes it.

    pip install ssimulacra2==0.3.0 && python -m tests.golden.make_ssimulacra2

The tests read the JSON only; the package is not needed to run them.
"""

import io
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs

# photograph, channels, height, width, damage, how much of it
CASES = (
    ("astronaut.png", 3, 512, 512, "noise", 2.0),
    ("astronaut.png", 3, 512, 512, "blocks", 0.5),
    ("china.jpg", 3, 427, 640, "noise", 12.0),
    ("china.jpg", 3, 427, 640, "blocks", 0.2),
    ("china.jpg", 3, 255, 130, "colour", 9.0),
    ("chelsea.png", 3, 181, 162, "noise", 25.0),
    ("chelsea.png", 3, 63, 97, "blocks", 1.0),
    ("chelsea.png", 3, 8, 21, "noise", 6.0),
    ("camera.png", 1, 512, 512, "noise", 8.0),
    ("coins.png", 1, 303, 161, "blocks", 0.3),
)
_BLOCK = 8


def pair(name: str, channels: int, height: int, width: int, damage: str, amount: float):
    """A crop of a photograph and the same damaged: uint8, (H, W, C).

    "noise" has so many levels; "blocks" are mixed with their own mean, and "colour" is shifted in
    red by so many levels.
    """
    image = read_image(packaged_photographs(name)[0], channels, 10**6)[:height, :width]
    if damage == "noise":
        changed = image + np.random.default_rng(0).normal(0.0, amount, image.shape)
    elif damage == "blocks":
        changed = (1 - amount) * image + amount * _block_means(image)
    else:
        changed = image + np.array([amount, 0.0, 0.0])
    return image, np.clip(np.round(changed), 0, 255).astype(np.uint8)


def _block_means(image: np.ndarray) -> np.ndarray:
    height, width, _ = image.shape
    padding = ((0, -height % _BLOCK), (0, -width % _BLOCK), (0, 0))
    padded = np.pad(image.astype(float), padding, mode="edge")
    rows, columns = padded.shape[0] // _BLOCK, padded.shape[1] // _BLOCK
    means = padded.reshape(rows, _BLOCK, columns, _BLOCK, -1).mean(axis=(1, 3))
    return means.repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)[:height, :width]


def main() -> None:
    from ssimulacra2 import compute_ssimulacra2

    rows = []
    for case in CASES:
        original, damaged = map(_png, pair(*case))
        rows.append({"case": case, "ssimulacra2": float(compute_ssimulacra2(original, damaged))})
    made_by = f"ssimulacra2 {version('ssimulacra2')} from PyPI"
    path = Path(__file__).with_name("ssimulacra2.json")
    path.write_text(json.dumps({"made_by": made_by, "rows": rows}, indent=1) + "\n")


def _png(image: np.ndarray) -> io.BytesIO:
    """What the package takes: something that Pillow can open."""
    file = io.BytesIO()
    Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(file, "PNG")
    return file


if __name__ == "__main__":
    main()
