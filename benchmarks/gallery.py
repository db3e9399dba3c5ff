"""A picture of what a viewer without the model sees, and what `expand` restores.

    python -m benchmarks.gallery MODEL -o docs/photo.jpg

For each of the packaged test photographs a row: the original, the compact image as it is, the
reconstruction, and optimized JPEG at no more bytes; prints their bytes and MS-SSIM.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from jaxshrink.codecs import CODECS, decode_jpeg, largest_quality_within
from jaxshrink.compressor import Compressor
from jaxshrink.data import list_images, read_image
from jaxshrink.evaluation.scores import image_scores

_JPEG = CODECS["jpeg-optimized"]
_WIDTH, _GAP = 360, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a shipped model's name, or a file of weights")
    parser.add_argument("--photographs", default="packaged:test", help="a folder or a file")
    parser.add_argument("--quality", type=float, default=15)
    parser.add_argument("-o", type=Path, required=True, help="the picture to write")
    arguments = parser.parse_args()
    compressor = Compressor.load(arguments.model)
    rows = []
    for path in list_images(arguments.photographs):
        x = read_image(path, 3, 10**8)
        compressed = compressor.compress(x, arguments.quality, scales=(2,))
        num_bytes = len(compressed.data)
        quality = largest_quality_within(_JPEG, x, num_bytes) or 1
        jpeg = _JPEG.encode(x, quality)
        plain = decode_jpeg(jpeg, 3)
        for name, size, image in (
            (f"{compressor.name}", num_bytes, compressed.x_hat),
            (f"JPEG at quality {quality}", len(jpeg), plain),
        ):
            score = image_scores(x[None], image[None], ("ms-ssim",))["ms-ssim"][0]
            print(f"{path.name}: {name}: {size} bytes, MS-SSIM {score:.4f}")
        y_hat = decode_jpeg(compressed.data, 3)
        rows.append(_row([x, y_hat, compressed.x_hat, plain], x.shape))
    arguments.o.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(arguments.o, quality=85)


def _row(pictures: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Pictures side by side, the compact image at its own, half, size."""
    height = round(_WIDTH * shape[0] / shape[1])
    row = np.full((height + _GAP, 4 * (_WIDTH + _GAP), 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        scale = _WIDTH / shape[1]
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        resized = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
        left = index * (_WIDTH + _GAP)
        row[: size[1], left : left + size[0]] = resized
    return row


if __name__ == "__main__":
    main()
