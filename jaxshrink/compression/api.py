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

import dataclasses
import os
from fractions import Fraction
from typing import Any

import numpy as np

from jaxshrink.compression import keeping
from jaxshrink.compression.compressor import Compressor
from jaxshrink.compression.expansion import restore, restore_with
from jaxshrink.compression.inputs import Input, Source, read_file, read_input
from jaxshrink.compression.rate_search import search
from jaxshrink.compression.resizing import resize_photograph
from jaxshrink.compression.settings import (
    Settings,
    scale_of,
    settings_of,
    target_of,
)
from jaxshrink.compression.small import Small
from jaxshrink.compression.storable import Storable
from jaxshrink.compression.targets import Found, Options, Target
from jaxshrink.compression.ways import Way
from jaxshrink.errors import CheckpointError, ConfigError, TargetError
from jaxshrink.files import markers
from jaxshrink.files.markers import DEFAULT_MAX_PIXELS
from jaxshrink.files.photographs import (
    Photograph,
    at_size,
    read_metadata,
    read_photograph,
)
from jaxshrink.shipped.index import DEFAULT_MODEL, shipped_names

__all__ = ["Model", "Small", "compress", "expand"]


def compress(
    photograph: Input, *, model: str | os.PathLike[str] = DEFAULT_MODEL, **options: Any
) -> Small:
    """Stores a photograph in the fewest bytes that look as good as optimized JPEG at a quality.

    Loads a model, every time; see `Model.compress` for the options, and for what is raised.
    """
    return Model.load(model).compress(photograph, **options)


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
        return Model.load(model).expand(data, scale=scale or "half", max_pixels=max_pixels)
    if scale is not None:
        raise ConfigError("a scale goes with a model, for a file that lost its marker")
    marker = markers.find(data)
    if marker is None:
        return read_photograph(data, max_pixels=max_pixels).pixels
    # What a marker names is no path, however it reads.
    if marker.model not in shipped_names():
        raise CheckpointError(f"made by the model {marker.model}, which is not here")
    return Model.load(marker.model).expand(data, max_pixels=max_pixels)


class Model:
    """A model in memory.

    Attributes:
      compressor: what it is at heart.
    """

    def __init__(self, compressor: Compressor) -> None:
        self.compressor = compressor
        self._others: dict[str, Compressor] = {}

    @classmethod
    def load(cls, name_or_path: str | os.PathLike[str] = DEFAULT_MODEL) -> "Model":
        """Opens a model of the package by its name, or a file; raises CheckpointError."""
        if not isinstance(name_or_path, (str, os.PathLike)):
            raise CheckpointError(f"no model {name_or_path!r}: expected a name or a path")
        return cls(Compressor.load(os.fspath(name_or_path)))

    def compress(
        self,
        photograph: Input,
        *,
        quality: int | None = None,
        target_size: int | None = None,
        target_bpp: float | None = None,
        target_msssim: float | None = None,
        target_psnr: float | None = None,
        target_ssimulacra2: float | None = None,
        effort: int = 2,
        scale: str | None = None,
        codec: str | None = None,
        resize: str | None = None,
        recompress: bool = False,
        strip: bool | str = False,
        background: str = "white",
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> Small:
        """Stores a photograph; never worse than optimized JPEG at the same bytes, and never larger.

        Args:
          photograph: the path or the bytes of a file of any kind, a PIL image, or uint8 (H, W),
            (H, W, 1), (H, W, 3), or with transparency (H, W, 4).
          quality: the fewest bytes that look as good as optimized JPEG at this quality, 1 to 100;
            75 where no target is named.
          target_size, target_bpp: a ceiling instead: bytes, or bits per pixel.
          target_msssim, target_psnr, target_ssimulacra2: a floor for one metric instead.
          effort: 1 to 3, from quick to near the target.
          scale: force "half", "full" or "plain"; None: the best.
          codec: "jpeg", "webp" or "avif": of whatever comes out; a file of another format is not
            kept, however small it is. None: JPEG, and a file that is kept has its own format.
          resize: "WxH", "W" or "N%", before all else; nothing is enlarged.
          recompress: expand a compact file, and compress the photograph again; without this, it is
            passed through as it is.
          strip: leave the metadata out; "gps": only where the photograph was taken.
          background: a colour to lay transparent pixels over, or "refuse".
          max_pixels: refuse files of more.

        Raises:
          DataError: if the photograph cannot be read, or stored with this codec.
          ConfigError: if an argument is wrong, or the model has no such scale.
          TargetError: if no file meets the target.
          CheckpointError: if a compact file is to be expanded whose model is not here.
        """
        target = target_of(
            quality, target_size, target_bpp, target_msssim, target_psnr, target_ssimulacra2
        )
        settings = settings_of(
            target,
            effort=effort,
            scale=scale,
            codec=codec,
            resize=resize,
            recompress=recompress,
            strip=strip,
            background=background,
            max_pixels=max_pixels,
        )
        self._ways(settings)
        source = read_input(photograph)
        if source.file is None or not keeping.is_compact(source.file):
            taken = source.decode(max_pixels, background)
        elif keeping.passes(source.file, settings):
            return keeping.passed(source.file, settings)
        else:
            taken = self._expanded(source.file, max_pixels)
        return self._store(source, taken, settings)

    def expand(
        self,
        file: str | os.PathLike[str] | bytes,
        *,
        scale: str | None = None,
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> np.ndarray:
        """Restores a photograph, uint8 (H, W, 1 or 3); a file without marker is decoded.

        A file that was turned, cropped or resized since it was made is restored as it is now.

        Args:
          file: the path or the bytes of what `compress` made.
          scale: restore it with this model, whatever made it; "half" or "full", which counts where
            its marker was lost.
          max_pixels: refuse photographs of more.

        Raises:
          DataError: if the file is broken, or its marker cannot be right.
          CheckpointError: if it was made by another model.
          ConfigError: if there is no such scale.
        """
        data = read_file(file)
        if scale is not None:
            forced = scale_of(scale)
            if forced is None:
                raise ConfigError("a plain picture is expanded without a scale")
            marker = markers.readable(data)
            return restore_with(self.compressor, data, marker, forced, max_pixels).pixels
        marker = markers.find(data)
        if marker is None:
            return read_photograph(data, max_pixels=max_pixels).pixels
        return restore(self.compressor, data, marker, max_pixels).pixels

    def _store(self, source: Source, taken: Photograph, settings: Settings) -> Small:
        """The smaller of what `search` finds and of the input, where that can be kept."""
        resized = (
            taken if settings.resizing is None else resize_photograph(taken, settings.resizing)
        )
        keepable = keeping.keepable(source, settings) if resized is taken else None
        coarse, notes = keeping.coarse(source, keepable, settings)
        ceiling = settings.target.ceiling(resized.pixels.shape)
        if keepable is not None:
            reason = coarse or keeping.small_enough(keepable, ceiling, settings)
            if reason is not None:
                return keeping.kept_as_it_is(keepable, resized, reason, settings)
        try:
            small = self._searched(resized, settings)
        except TargetError:
            if keepable is None or ceiling is None or len(keepable.data) > ceiling:
                raise
            return keeping.kept_as_it_is(keepable, resized, "gets no smaller", settings)
        if keepable is not None and len(keepable.data) <= len(small.data):
            reason = f"would be {len(small.data)} bytes at best"
            return keeping.kept_as_it_is(keepable, resized, reason, settings)
        if source.file is not None and len(small.data) > len(source.file):
            if notes and resized is not taken:
                small = self._no_larger(small, len(source.file), resized, settings)
            if len(small.data) > len(source.file):
                notes = (*notes, f"larger than the input, which has {len(source.file)} bytes")
        return dataclasses.replace(small, notes=(*small.notes, *notes))

    def _searched(self, taken: Photograph, settings: Settings) -> Small:
        storable = Storable.of(taken, settings.stored_codec, settings.strip)
        options = Options(
            self._ways(settings),
            settings.effort,
            extra_bytes=storable.added_bytes,
            never_worse=settings.way is None,
            take_closest=settings.is_default and settings.way is not None,
        )
        found = search(self.compressor, storable.pixels, settings.target, options)
        return _small(found, storable)

    def _no_larger(
        self, small: Small, ceiling: int, taken: Photograph, settings: Settings
    ) -> Small:
        """What is stored of a coarse JPEG that was resized: no more bytes than it had before."""
        target = Target(size=ceiling)
        try:
            return self._searched(taken, dataclasses.replace(settings, target=target))
        except TargetError:
            return small

    def _expanded(self, file: bytes, max_pixels: int) -> Photograph:
        """The photograph that a compact file holds."""
        marker = markers.find(file)
        assert marker is not None
        compressor = self.compressor
        if not compressor.made(marker):
            if marker.model not in shipped_names():
                raise CheckpointError(f"made by the model {marker.model}, which is not here")
            if marker.model not in self._others:
                self._others[marker.model] = Compressor.load(marker.model)
            compressor = self._others[marker.model]
        restored = restore(compressor, file, marker, max_pixels)
        notes = ("was a compact file: expanded first", *restored.notes)
        size = (restored.pixels.shape[0], restored.pixels.shape[1])
        metadata = at_size(read_metadata(file), size, Fraction(restored.scale))
        return Photograph(restored.pixels, metadata, notes)

    def _ways(self, settings: Settings) -> tuple[Way, ...]:
        """What is to be tried; raises ConfigError."""
        ways = self.compressor.ways(settings.stored_codec)
        forced = tuple(way for way in ways if settings.way in (None, way.name))
        if not forced:
            raise ConfigError(
                f"the model {self.compressor.name} has no networks for {settings.way} size"
            )
        return forced


def _small(found: Found, storable: Storable) -> Small:
    missed = (f"this size does not reach {found.missed}",) if found.missed else ()
    return Small(
        storable.file(found.data, found.way),
        storable.size,
        found.way.name,
        found.quality,
        found.similarity.ms_ssim,
        found.similarity.psnr,
        found.num_encodes,
        (*storable.notes, *missed),
        ssimulacra2=found.similarity.ssimulacra2,
    )
