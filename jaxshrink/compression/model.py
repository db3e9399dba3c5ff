"""A model in memory: what is made of a photograph, of its metadata, and of the input itself."""

import dataclasses
import os
from fractions import Fraction

from jaxshrink.compression import keeping
from jaxshrink.compression.compressor import Compressor
from jaxshrink.compression.inputs import Input, Source, read_input
from jaxshrink.compression.rate_search import search
from jaxshrink.compression.resizing import resize_photograph
from jaxshrink.compression.settings import Settings, settings_of, target_of
from jaxshrink.compression.small import Small
from jaxshrink.compression.storable import Storable
from jaxshrink.compression.targets import Found, Options, Target
from jaxshrink.compression.ways import Way
from jaxshrink.errors import CheckpointError, ConfigError, TargetError
from jaxshrink.files import markers
from jaxshrink.files.markers import DEFAULT_MAX_PIXELS
from jaxshrink.files.photographs import Photograph, at_size, read_metadata
from jaxshrink.models.weights import Weights, load_weights
from jaxshrink.shipped.index import DEFAULT_MODEL, check_shipped


class Model(Compressor):
    """A model in memory: photographs with all that they carry, to files and back."""

    def __init__(self, weights: Weights) -> None:
        super().__init__(weights)
        self._others: dict[str, Model] = {}

    @classmethod
    def load(cls, name_or_path: str | os.PathLike[str] = DEFAULT_MODEL) -> "Model":
        """Opens a model of the package by its name, or a file; raises CheckpointError."""
        if not isinstance(name_or_path, (str, os.PathLike)):
            raise CheckpointError(f"no model {name_or_path!r}: expected a name or a path")
        return cls(load_weights(os.fspath(name_or_path)))

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
        found = search(self, storable.pixels, settings.target, options)
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
        maker = self if self.made(marker) else self._other(check_shipped(marker.model))
        restored = maker.restore(file, marker, max_pixels)
        notes = ("was a compact file: expanded first", *restored.notes)
        size = (restored.pixels.shape[0], restored.pixels.shape[1])
        metadata = at_size(read_metadata(file), size, Fraction(restored.scale))
        return Photograph(restored.pixels, metadata, notes)

    def _other(self, name: str) -> "Model":
        if name not in self._others:
            self._others[name] = Model.load(name)
        return self._others[name]

    def _ways(self, settings: Settings) -> tuple[Way, ...]:
        """What is to be tried; raises ConfigError."""
        ways = self.ways(settings.stored_codec)
        forced = tuple(way for way in ways if settings.way in (None, way.name))
        if not forced:
            raise ConfigError(f"the model {self.name} has no networks for {settings.way} size")
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
