"""Real photographs that installed packages carry, so that a first run needs no download.

scikit-image and scikit-learn ship them in their wheels; drawings, scans, micrographs and test
charts among their images are left out, and so is the right half of the stereo pair.
"""

import importlib.util
from pathlib import Path

from jaxshrink.errors import DataError

PREFIX = "packaged:"

_SKIMAGE, _SKLEARN = ("skimage", "data"), ("sklearn", "datasets/images")
_COHORTS = {
    "train": (
        (_SKIMAGE, "brick.png"),
        (_SKIMAGE, "coffee.png"),
        (_SKIMAGE, "coins.png"),
        (_SKIMAGE, "grass.png"),
        (_SKIMAGE, "gravel.png"),
        (_SKIMAGE, "motorcycle_left.png"),
        (_SKIMAGE, "rocket.jpg"),
        (_SKLEARN, "flower.jpg"),
    ),
    "dev": ((_SKIMAGE, "camera.png"), (_SKIMAGE, "chelsea.png")),
    "test": ((_SKIMAGE, "astronaut.png"), (_SKLEARN, "china.jpg")),
}


def packaged_photographs(name: str) -> list[Path]:
    """Returns the paths of a cohort, "train", "dev" or "test", or of one photograph by name.

    Raises:
      DataError: if the name is unknown, or a package is not installed or lacks its image.
    """
    photographs = _COHORTS.get(name) or [
        (place, file) for cohort in _COHORTS.values() for place, file in cohort if file == name
    ]
    if not photographs:
        raise DataError(f"no packaged photographs named {name!r}; known: {', '.join(_COHORTS)}")
    paths = [_package_folder(*place) / file for place, file in photographs]
    for path in paths:
        if not path.is_file():
            raise DataError(f"{path} is missing: this version of its package does not ship it")
    return paths


def _package_folder(package: str, folder: str) -> Path:
    # Found, not imported: the photographs are needed, the package's code is not.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise DataError(
            f"the packaged photographs need {package}: pip install 'jaxshrink[photographs]'"
        )
    return Path(spec.origin).parent / folder
