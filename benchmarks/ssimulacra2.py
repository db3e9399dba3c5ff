"""How far our SSIMULACRA2 is from the package of that name.

    pip install ssimulacra2
    python -m benchmarks.ssimulacra2 PHOTOGRAPHS.. [--qualities 20 35 50 65 80 95]

Every photograph is stored as JPEG at every quality. Prints per quality the mean score and the
largest difference, and ends with exit code 1 if any is above 0.2 points.
"""

import argparse
import io
import sys

import numpy as np
from PIL import Image

from jaxshrink.codecs import CODECS
from jaxshrink.data import list_images, read_image
from jaxshrink.inference.tiled_metrics import Reference
from jaxshrink.runtime.startup import start_jax

_LIMIT = 0.2
_JPEG = CODECS["jpeg"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", nargs="+")
    parser.add_argument("--qualities", type=int, nargs="+", default=[20, 35, 50, 65, 80, 95])
    arguments = parser.parse_args()
    start_jax(None)
    scores: dict[int, list[tuple[float, float]]] = {quality: [] for quality in arguments.qualities}
    for place in arguments.photographs:
        for path in list_images(place):
            x = read_image(path, 3, 10**8)
            reference = Reference(x)
            for quality in arguments.qualities:
                x_hat = _JPEG.decode(_JPEG.encode(x, quality), 3)
                scores[quality].append((reference.ssimulacra2(x_hat), of_package(x, x_hat)))
    largest = 0.0
    for quality, pairs in scores.items():
        ours, theirs = np.array(pairs).T
        difference = np.abs(ours - theirs).max()
        largest = max(largest, difference)
        print(f"quality {quality}: mean {ours.mean():.3f}, largest difference {difference:.4f}")
    print(f"largest difference {largest:.4f}, limit {_LIMIT}")
    return int(largest > _LIMIT)


def of_package(x: np.ndarray, x_hat: np.ndarray) -> float:
    """The package's score of uint8 (H, W, C)."""
    from ssimulacra2 import compute_ssimulacra2

    return float(compute_ssimulacra2(_png(x), _png(x_hat)))


def _png(image: np.ndarray) -> io.BytesIO:
    file = io.BytesIO()
    pixels = image[:, :, 0] if image.shape[2] == 1 else image
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    return file


if __name__ == "__main__":
    sys.exit(main())
