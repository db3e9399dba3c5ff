"""Smooth pictures for training: skies, dusk and studio walls, which photographs hold too little of.

    python -m benchmarks.gradients FOLDER [--count 96] [--side 320] [--seed 0]

Writes PNG files. Each is a sum of a few broad waves and a slope, in a colour that skies and walls
have or in any other, with the noise of half a level that a dithered gradient has, or a little more.
In one of four a sharp edge (a roof, a horizon) cuts the picture, so that smoothness beside detail
is learned too.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image


def gradient(rng: np.random.Generator, side: int) -> np.ndarray:
    """Returns one smooth picture, uint8 (side, side, 3)."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    base = rng.uniform(5, 250, 3) if rng.random() < 0.5 else _of_a_sky(rng)
    angle = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(angle) * x + np.sin(angle) * y)[..., None]
    picture = base + slope * rng.uniform(-90, 90, 3) * rng.uniform(0, 1)
    for _ in range(rng.integers(0, 3)):
        turn, waves = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.5)
        along = np.cos(turn) * x + np.sin(turn) * y
        wave = np.cos(2 * np.pi * waves * along + rng.uniform(0, 2 * np.pi))
        picture = picture + wave[..., None] * rng.uniform(-12, 12, 3)
    if rng.random() < 0.25:
        height = rng.uniform(-0.4, 0.4) + 0.1 * np.sin(rng.uniform(2, 30) * x + rng.uniform(0, 6))
        picture = np.where((y > height)[..., None], rng.uniform(0, 255, 3) + 0.2 * picture, picture)
    noise = (
        rng.random(picture.shape)
        - 0.5
        + rng.choice([0, 0, 0.5, 1.5]) * rng.normal(size=(*picture.shape[:2], 1))
    )
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)


def _of_a_sky(rng: np.random.Generator) -> np.ndarray:
    """A colour between night and a bright haze, bluer or redder than gray."""
    bright = rng.uniform(5, 235)
    return bright + rng.uniform(-0.15, 0.15) * bright * np.array([-1, 0, 1]) + rng.normal(0, 4, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=96)
    parser.add_argument("--side", type=int, default=320)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for index in range(options.count):
        rng = np.random.default_rng((options.seed, index))
        Image.fromarray(gradient(rng, options.side)).save(options.folder / f"{index:04d}.png")


if __name__ == "__main__":
    main()
