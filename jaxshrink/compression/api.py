"""The tool from Python: photographs in files, in memory, in arrays or in PIL images.

Two functions for a photograph now and then, with the model that the package ships:

    from jaxshrink import compress, expand

    small = compress("holiday.jpg", quality=75)
    Path("small").with_suffix(small.suffix).write_bytes(small.data)
    pixels = expand(small.data)

What the command line calls `--target-size` is `target_size` here, and so on.

And a class for those who hold a model in memory. Here with one that was never trained, on a
photograph that an installed package ships:

>>> import numpy as np
>>> from jaxshrink.data.packaged import packaged_photographs
>>> from jaxshrink import Model
>>> model = Model.load(model_file)
>>> photograph = packaged_photographs("chelsea.png")[0].read_bytes()

At most so many bytes, metadata included:

>>> small = model.compress(photograph, target_size=12_000)
>>> len(small.data) <= 12_000
True
>>> small.size
(300, 451)
>>> 0.9 < small.ms_ssim < 1
True

The file is a plain JPEG, which `expand` restores to the photograph's size:

>>> small.data[:2]
b'\\xff\\xd8'
>>> model.expand(small.data).shape
(300, 451, 3)

Arrays do as well; one channel stays one channel:

>>> gray = np.tile(np.arange(200, dtype=np.uint8), (180, 1))
>>> small = model.compress(gray, quality=30, scale="half")
>>> model.expand(small.data).shape
(180, 200, 1)

A file that was compressed already is passed through, and so is one that does not become smaller:

>>> again = model.compress(small.data)
>>> again.data == small.data, again.kept
(True, True)

What cannot be done is an error of `jaxshrink.errors`, with one line:

>>> model.compress(gray, target_size=10)
Traceback (most recent call last):
    ...
jaxshrink.errors.TargetError: no file of at most 10 bytes; the smallest has ...
>>> model.compress(b"no photograph")
Traceback (most recent call last):
    ...
jaxshrink.errors.DataError: cannot be read as an image (unknown format)
"""

import os
from typing import Any

import numpy as np

from jaxshrink.compression.inputs import Input, read_file
from jaxshrink.compression.loading import load_expander, load_model
from jaxshrink.compression.small import Small
from jaxshrink.errors import ConfigError
from jaxshrink.files import markers
from jaxshrink.files.markers import DEFAULT_MAX_PIXELS
from jaxshrink.files.photographs import read_photograph
from jaxshrink.shipped.index import DEFAULT_MODEL, check_shipped

__all__ = ["Small", "compress", "expand"]


def compress(
    photograph: Input, *, model: str | os.PathLike[str] = DEFAULT_MODEL, **options: Any
) -> Small:
    """Stores a photograph in the fewest bytes that look as good as optimized JPEG at a quality.

    Loads a model, every time; see `Model.compress` for the options, and for what is raised.
    """
    return load_model(model).compress(photograph, **options)


def expand(
    file: str | os.PathLike[str] | bytes,
    *,
    model: str | os.PathLike[str] | None = None,
    scale: str | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> np.ndarray:
    """Restores a photograph, uint8 (H, W, 1 or 3); a file without marker is decoded.

    Loads the model that the file's marker names, every time.

    Args:
      file: the path or the bytes of a compact file.
      model: instead of the one that the marker names, or where there is no marker.
      scale: with a model, "half" (the default) or "full", where there is no marker.
      max_pixels: refuse photographs of more.

    Raises:
      DataError: if the file is broken, or its marker cannot be right.
      CheckpointError: if its model is not one of the package's.
      ConfigError: if there is no such scale.
    """
    data = read_file(file)
    if model is not None:
        return load_expander(model).expand(data, scale=scale or "half", max_pixels=max_pixels)
    if scale is not None:
        raise ConfigError("a scale goes with a model, for a file that lost its marker")
    marker = markers.find(data)
    if marker is None:
        return read_photograph(data, max_pixels=max_pixels).pixels
    return load_expander(check_shipped(marker.model)).expand(data, max_pixels=max_pixels)
