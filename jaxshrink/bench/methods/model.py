"""A model's files as methods: those that `jaxshrink compress` writes, and those of one scale."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from jaxshrink.bench.methods.base import Method, TimedTrip
from jaxshrink.codecs import decode_jpeg
from jaxshrink.compression.candidates import Files
from jaxshrink.compression.closeness import EYE
from jaxshrink.compression.model import Model
from jaxshrink.compression.rate_search import search
from jaxshrink.compression.targets import EFFORTS, Options, Target
from jaxshrink.compression.ways import SCALES, Way
from jaxshrink.errors import ConfigError
from jaxshrink.optional import import_extra

_OPTIONS = "effort=1..3, or half or full, and with these refine=N, repack"


def parse_model_method(text: str) -> Method:
    """Opens "MODEL[:effort=E]" or "MODEL:half|:full[:refine=N][:repack]".

    MODEL is a name or a file of weights.

    Raises:
      CheckpointError: if there is no such model.
      ConfigError: if an option is unknown, or does not fit the others.
    """
    name_or_path, *options = text.split(":")
    scale, effort, num_refinements, repack = None, 0, 0, False
    for option in options:
        name, _, value = option.partition("=")
        if option in SCALES:
            scale = SCALES[option]
        elif name == "refine" and value.isdecimal():
            num_refinements = int(value)
        elif name == "effort" and value in map(str, EFFORTS):
            effort = int(value)
        elif option == "repack":
            repack = True
        else:
            raise ConfigError(f"{text}: unknown option {option!r}; {_OPTIONS}")
    if effort if scale else (num_refinements or repack):
        raise ConfigError(f"{text}: these options do not go together; {_OPTIONS}")
    name, model = ":".join([Path(name_or_path).stem, *options]), Model.load(name_or_path)
    if scale is None:
        return CompressMethod(name, model, effort or 2)
    return ScaleMethod(name, model, scale, num_refinements, repack)


class CompressMethod:
    """What `jaxshrink compress -q N` writes, metadata aside; swept over N."""

    parallel = False
    qualities: tuple[float, ...] = (2, 5, 10, 20, 30, 50, 70, 80, 90, 95)

    def __init__(self, name: str, model: Model, effort: int = 2) -> None:
        self.name = name
        self.description = f"{name}: what `compress -q` writes, marker included"
        self.identity = f"{model.fingerprint} compress {effort} {EYE}"
        self._model = model
        self._options = Options(model.ways(), effort)
        self._files: Files | None = None
        self._compiled = _OncePerShape(self._compile)

    def check(self, channels: int, qualities: Sequence[float]) -> None:
        for quality in qualities:
            if not (1 <= quality <= 100 and quality == int(quality)):
                raise ConfigError(
                    f"{self.name}: the quality must be a whole number from 1 to 100, got {quality}"
                )

    def trip(self, x: np.ndarray, quality: float) -> TimedTrip:
        self._compiled(x)
        # What one quality's search made and measured, the next one need not.
        if self._files is None or self._files.x is not x:
            self._files = Files(self._model, x)
        found = search(
            self._model, x, Target(jpeg_quality=int(quality)), self._options, self._files
        )
        return _expanded(self._model, x, found.data, found.seconds)

    def _compile(self, x: np.ndarray) -> None:
        files = Files(self._model, x)
        for scale in self._model.scales:
            files.get(Way(scale), Way(scale).limits[1]).similarity()


class ScaleMethod:
    """Files of one scale, without a search; swept over the quality of the learned tables.

    Args:
      name: what its files and its rows are called.
      model: the model.
      scale: 2 or 1.
      num_refinements: gradient steps on every compact image, kept where they pay.
      repack: whether to redo the files' entropy coding.
    """

    parallel = False
    qualities: tuple[float, ...] = (1, 10, 20, 30, 40, 50, 60, 70, 80)

    def __init__(
        self, name: str, model: Model, scale: int, num_refinements: int, repack: bool
    ) -> None:
        self.name = name
        self.description = f"{name}: whole files, marker included"
        self.identity = f"{model.fingerprint} {scale} {num_refinements} {repack}"
        self._model = model
        self._scale = scale
        self._num_refinements = num_refinements
        self._repack = repack
        self._compiled = _OncePerShape(lambda x: self._trip(x, 50))

    def check(self, channels: int, qualities: Sequence[float]) -> None:
        if self._repack:
            import_extra("mozjpeg_lossless_optimization", "mozjpeg")
        if channels != self._model.channels:
            raise ConfigError(f"{self.name} is a model for colour images, and these are grayscale")
        for quality in qualities:
            if not 1 <= quality <= 100:
                raise ConfigError(f"{self.name}: the quality must be from 1 to 100, got {quality}")

    def trip(self, x: np.ndarray, quality: float) -> TimedTrip:
        self._compiled(x)
        return self._trip(x, quality)

    def _trip(self, x: np.ndarray, quality: float) -> TimedTrip:
        start = time.perf_counter()
        compressed = self._model.cheapest(
            x,
            quality,
            ways=[Way(self._scale, num_refinements=n) for n in sorted({0, self._num_refinements})],
            repack=self._repack,
        )
        return _expanded(self._model, x, compressed.data, time.perf_counter() - start)


class _OncePerShape:
    """Calls a function for the first image of a shape, so that no seconds contain compilation."""

    def __init__(self, compile_for: Callable[[np.ndarray], object]) -> None:
        self._compile_for = compile_for
        self._seen: set[tuple[int, ...]] = set()

    def __call__(self, x: np.ndarray) -> None:
        if x.shape not in self._seen:
            self._seen.add(x.shape)
            self._compile_for(x)


def _expanded(model: Model, x: np.ndarray, data: bytes, seconds: float) -> TimedTrip:
    """What becomes of a file that took so many seconds to make."""
    start = time.perf_counter()
    x_hat = model.reconstruct(data)
    return TimedTrip(
        data, x_hat, seconds, time.perf_counter() - start, decode_jpeg(data, x.shape[2])
    )
