"""Pictures that are no photographs, and very small ones: where a codec's sizes and scores jump.

All are made here, the same ones every time: uint8 (H, W, 1 or 3).
"""

import numpy as np
from PIL import Image, ImageDraw

_SIDES = ((60, 71), (161, 171))
_SMALL = (
    (1, 1),
    (1, 20),
    (2, 2),
    (3, 5),
    (4, 9),
    (7, 7),
    (8, 8),
    (9, 16),
    (11, 3),
    (13, 17),
    (16, 16),
    (20, 20),
)


def odd_pictures() -> dict[str, np.ndarray]:
    """Every kind at two sizes, on either side of where MS-SSIM begins, and small ones."""
    pictures = {
        f"{name} {width}x{height}": picture
        for height, width in _SIDES
        for name, picture in {**_smooth(height, width), **_drawn(height, width)}.items()
    }
    for height, width in _SMALL:
        kinds = _smooth(height, width)
        for name in ("noise", "colour gradient", "flat"):
            pictures[f"{name} {width}x{height}"] = kinds[name]
    return pictures


def _smooth(height: int, width: int) -> dict[str, np.ndarray]:
    y, x = np.mgrid[:height, :width]
    rng = np.random.default_rng(height)
    noise = rng.normal(0, 3, (height, width, 3))
    return {
        "noise": _color(rng.integers(0, 256, (height, width, 3))),
        "gray noise": _color(rng.integers(0, 256, (height, width)))[:, :, :1],
        "weak noise": _color(128 + noise),
        "gradient": _color(255 * x / width),
        "vertical gray gradient": _color(255 * y / height)[:, :, :1],
        "soft gradient": _color(100 + 20 * x / width + 10 * y / height),
        "colour gradient": _color(np.dstack([255 * x / width, 255 * y / height, 255 - x])),
        "noisy gradient": _color(np.dstack([x, y, 90 + 0 * x]) + 2 * noise),
        "flat": _color(np.broadcast_to((13, 200, 77), (height, width, 3))),
        "white": _color(np.full((height, width), 255)),
        "black": _color(np.zeros((height, width))),
        "saturated red": _color(np.broadcast_to((255, 0, 0), (height, width, 3))),
    }


def _drawn(height: int, width: int) -> dict[str, np.ndarray]:
    y, x = np.mgrid[:height, :width]
    from_center = (x - width / 2) ** 2 + (y - height / 2) ** 2
    disc = 255 * (from_center < (height / 3) ** 2)
    text = _text(height, width)
    return {
        "text": text,
        "red text": np.dstack([np.full_like(text[:, :, 0], 255), text[:, :, 0], text[:, :, 0]]),
        "line art": _lines(height, width),
        "disc": _color(np.dstack([disc, 20 + 0 * x, 90 + 0 * x])),
        "zone plate": _color(127.5 + 127.5 * np.cos(np.pi * from_center / width)),
        "checkerboard of 1": _color(255 * ((x + y) % 2)),
        "checkerboard of 3": _color(255 * ((x // 3 + y // 3) % 2)),
        "checkerboard of 8": _color(255 * ((x // 8 + y // 8) % 2)),
        "columns of 1": _color(255 * (x % 2)),
        "rows of 1": _color(255 * (y % 2)),
        "stripes of 5": _color(255 * (x // 5 % 2)),
        "red and blue stripes": _color(np.dstack([x // 7 % 2, 0 * x, 1 - x // 7 % 2]) * 255),
        "halves": _color(255 * (x < width // 2)),
        "dot": _color(255 * ((x == width // 2) & (y == height // 2))),
    }


def _color(values: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3); what has no channels gets three equal ones."""
    clipped = np.clip(values, 0, 255).astype(np.uint8)
    return np.repeat(clipped[:, :, None], 3, axis=2) if clipped.ndim == 2 else clipped


def _text(height: int, width: int) -> np.ndarray:
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for row in range(0, height, 14):
        draw.text((3, row), "The five boxing wizards jump over 1280 quickly. " * 3, fill="black")
    return np.asarray(image)


def _lines(height: int, width: int) -> np.ndarray:
    image = Image.new("RGB", (width, height), "white")
    draw, rng = ImageDraw.Draw(image), np.random.default_rng(1)
    for _ in range(30):
        ends = [tuple(map(int, rng.integers(0, (width, height)))) for _ in range(2)]
        color = tuple(map(int, rng.integers(0, 255, 3)))
        draw.line(ends, fill=color, width=int(rng.integers(1, 4)))
    return np.asarray(image)
