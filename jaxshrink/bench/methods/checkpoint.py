"""A pair of networks in training as a method."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from jaxshrink.bench.methods.base import TimedTrip
from jaxshrink.bench.methods.codec import check_codec
from jaxshrink.codecs import CODECS, Codec
from jaxshrink.errors import ConfigError
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.models.jiang2017 import load_jiang2017
from jaxshrink.runs import workdir as workdirs
from jaxshrink.runs.restore import codec_of, load_pipeline

_JIANG2017 = ("ComCNN_QF=50.mat", "RecCNN_QF=50.mat")
_QUALITIES = (5, 10, 20, 30, 50, 70, 80, 90)


class ModelMethod:
    """Compact images in a codec, and back through RecCNN; swept over the codec's quality."""

    parallel = False
    qualities: tuple[float, ...] = _QUALITIES

    def __init__(self, folder: Path, pipeline: Pipeline, codec: Codec, suffix: str = "") -> None:
        self._pipeline = pipeline
        self._codec = codec
        self.name = f"{folder.resolve().name}{suffix}"
        self.description = f"model {folder.name}, its compact images as {codec.name}"
        self.identity = f"{pipeline.fingerprint} {codec.name}"
        self._compiled: set[tuple[int, ...]] = set()

    @classmethod
    def load(cls, folder: Path, codec: Codec | None = None) -> "ModelMethod":
        """Opens the model in a folder; errors as in `open_pipeline`."""
        pipeline, its_codec = open_pipeline(folder)
        if codec is None:
            return cls(folder, pipeline, its_codec)
        return cls(folder, pipeline, codec, f"@{codec.name}")

    def check(self, channels: int, qualities: Sequence[float]) -> None:
        if channels != self._pipeline.channels:
            kinds = {1: "grayscale", 3: "colour"}
            raise ConfigError(
                f"{self.name} is a model for {kinds[self._pipeline.channels]} images, "
                f"and these are {kinds[channels]}"
            )
        check_codec(self._codec, channels, qualities)

    def trip(self, x: np.ndarray, quality: float) -> TimedTrip:
        if x.shape not in self._compiled:
            # So that no image's seconds contain the compilation.
            self._compiled.add(x.shape)
            self.trip(x, quality)
        start = time.perf_counter()
        tables = self._pipeline.tables(quality)
        data = self._codec.encode(self._pipeline.compact(x[None], tables)[0], quality)
        middle = time.perf_counter()
        y_hat = self._codec.decode(data, x.shape[2])
        x_hat = self._pipeline.reconstruct(y_hat[None], (x.shape[0], x.shape[1]), tables)[0]
        return TimedTrip(data, x_hat, middle - start, time.perf_counter() - middle, y_hat)


def open_pipeline(folder: Path) -> tuple[Pipeline, Codec]:
    """Loads whatever kind of model a folder holds, and the codec that it was made for.

    That is a working directory of `launch.py`, or the two files that Jiang et al. published.

    Raises:
      CheckpointError: if it holds none, or it is damaged.
    """
    if all((folder / name).is_file() for name in _JIANG2017):
        networks = load_jiang2017(*(folder / name for name in _JIANG2017))
        return Pipeline(*networks), CODECS["jpeg-optimized"]
    config = ConfigDict(workdirs.read_model_config(folder))
    pipeline = load_pipeline(config, folder)
    return pipeline, codec_of(config, pipeline)
