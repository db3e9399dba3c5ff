"""Makes the golden files of models that have none yet: those of a release are never made again.

    python -m tests.golden_files.make

Each is a compact file, and beside it a PNG of what it expanded to when it was made.
"""

from pathlib import Path

from PIL import Image

from jaxshrink import Model
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.files.markers import VERSION
from jaxshrink.shipped.index import Shipped, shipped_models

FOLDER = Path(__file__).parent
_SCALES = {2: "half", 1: "full"}
# Odd sides, so that the compact image's are rounded up.
_BOX = (180, 60, 277, 143)


def golden_path(shipped: Shipped, scale: int, codec: str) -> Path:
    """Where the file of a model, a scale and a codec lies."""
    return FOLDER / f"{shipped.name}-v{VERSION}-{_SCALES[scale]}.{codec}"


def main() -> None:
    """Writes what is missing."""
    with Image.open(packaged_photographs("astronaut.png")[0]) as image:
        photograph = image.convert("RGB").crop(_BOX)
    for shipped in shipped_models():
        model = Model.load(shipped.name)
        for scale in shipped.scales:
            for codec in ("jpeg", "webp"):
                _make(model, photograph, golden_path(shipped, scale, codec), scale, codec)


def _make(model: Model, photograph: Image.Image, path: Path, scale: int, codec: str) -> None:
    if path.exists():
        return
    small = model.compress(
        photograph, target_size=5000, effort=1, scale=_SCALES[scale], codec=codec
    )
    path.write_bytes(small.data)
    Image.fromarray(model.expand(small.data)).save(f"{path}.png", optimize=True)


if __name__ == "__main__":
    main()
