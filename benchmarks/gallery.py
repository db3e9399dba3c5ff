"""A picture of what a viewer shows of a file, and of what `expand` restores, beside AVIF.

    python -m benchmarks.gallery -o docs/photo.jpg [--model NAME] [--quality 50] [PHOTOGRAPHS..]

A row per photograph, a part of it without scaling: the original; the plain view, at its own size;
the expanded view; AVIF of no more bytes. Prints the bytes and SSIMULACRA2 of each.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from jaxshrink import Model
from jaxshrink.codecs import CODECS, decode_jpeg, largest_quality_within
from jaxshrink.data import list_images, read_image
from jaxshrink.inference.tiled_metrics import ssimulacra2
from jaxshrink.shipped.index import DEFAULT_MODEL

_SIDE, _GAP = 256, 8
# A face and dark cloth; metal, wood and letters; sky; a roof before the sky.
_PHOTOGRAPHS = ("astronaut.png", "motorcycle_left.png", "rocket.jpg", "china.jpg")
# Where the part lies, as shares of what is left over of each side.
_PLACES = {
    "astronaut.png": (0.05, 0.65),
    "motorcycle_left.png": (0.6, 0.4),
    "china.jpg": (0.2, 0.5),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", nargs="*", default=[f"packaged:{n}" for n in _PHOTOGRAPHS])
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a name, or a file of weights")
    parser.add_argument("--quality", type=int, default=50, help="as of `compress -q`")
    parser.add_argument("-o", type=Path, required=True, help="the picture to write")
    arguments = parser.parse_args()
    model = Model.load(arguments.model)
    paths = [path for location in arguments.photographs for path in list_images(location)]
    rows = [_row(model, path, arguments.quality) for path in paths]
    arguments.o.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(arguments.o, quality=92, subsampling="4:4:4")


def _row(model: Model, path: Path, quality: int) -> np.ndarray:
    """The four pictures of one photograph, and their figures printed."""
    x = read_image(path, 3, 10**8)
    small = model.compress(x, quality=quality)
    plain, expanded = decode_jpeg(small.data, 3), model.expand(small.data)
    avif_quality = largest_quality_within(CODECS["avif"], x, len(small.data)) or 1
    avif_file = CODECS["avif"].encode(x, avif_quality)
    avif = CODECS["avif"].decode(avif_file, 3)
    halved = plain.shape != x.shape
    shown = np.asarray(Image.fromarray(x).reduce(2)) if halved else x
    print(
        f"{path.name}: {'half' if halved else 'full'} size, {len(small.data)} bytes: "
        f"plain view {ssimulacra2(shown, plain):.1f}, expanded {ssimulacra2(x, expanded):.1f}; "
        f"AVIF, {len(avif_file)} bytes: {ssimulacra2(x, avif):.1f}"
    )
    place = _PLACES.get(path.name, (0.5, 0.5))
    parts = [_part(picture, place, round(x.shape[0] / len(picture))) for picture in (x, plain)]
    parts += [_part(picture, place, 1) for picture in (expanded, avif)]
    return np.concatenate(parts, axis=1)


def _part(picture: np.ndarray, place: tuple[float, float], scale: int) -> np.ndarray:
    """A square of the photograph where `picture` has 1 / `scale` of its size, on white."""
    side = _SIDE // scale
    top, left = (
        round(share * max(0, length - side))
        for share, length in zip(place, picture.shape, strict=False)
    )
    part = picture[top : top + side, left : left + side]
    frame = np.full((_SIDE + _GAP, _SIDE + _GAP, 3), 255, np.uint8)
    frame[: part.shape[0], : part.shape[1]] = part
    return frame


if __name__ == "__main__":
    main()
