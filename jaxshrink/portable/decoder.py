"""An exported model in ONNX Runtime: what `expand` needs where there is no JAX."""

import base64
import dataclasses
import functools
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from jaxshrink.documents import (
    MAX_WEIGHTS,
    DocumentError,
    anything,
    integer,
    mapping,
    one_of,
    read_bytes,
    read_json,
    record,
    text,
)
from jaxshrink.errors import CheckpointError
from jaxshrink.inference import windows
from jaxshrink.models.settings import UNIT
from jaxshrink.optional import import_extra
from jaxshrink.portable import FORMAT
from jaxshrink.portable.tables import learned_tables
from jaxshrink.shipped import index

_GRAPH = record({"file": text(200), "bytes": integer(1, MAX_WEIGHTS), "sha256": text(64)})
_SCALE = record(
    {
        "unit": one_of(UNIT // 2, UNIT),
        "radius": integer(1, 256),
        "graphs": mapping(_GRAPH),
        "offset": text(),
        "growth": text(),
        "tables": text(),
    }
)
_MODEL = record(
    {
        "format": one_of(FORMAT),
        "name": text(200),
        "hash": text(8),
        "sha256": text(64),
        "channels": one_of(1, 3),
        "opset": integer(17, 100),
        "unit": one_of(UNIT),
        "sides": anything,
        "scales": mapping(_SCALE, key=one_of("1", "2")),
        "description": anything,
    }
)


@dataclasses.dataclass(frozen=True)
class ExportedModel:
    """What `export_onnx` wrote.

    Attributes:
      name: the model's.
      digest: SHA-256 of the weights that it was made of.
      channels: of its pictures.
      decoders: scale -> RecCNN.
    """

    name: str
    digest: bytes
    channels: int
    decoders: "dict[int, OnnxDecoder]"


def load_exported(name_or_path: str) -> ExportedModel:
    """Opens a model that came with this package by its name, or a JSON of `jaxshrink export onnx`.

    Raises:
      CheckpointError: if there is none, or it is damaged.
      MissingExtraError: if ONNX Runtime is not installed.
    """
    is_shipped = name_or_path in index.shipped_names()
    path = index.exported_path_of(name_or_path) if is_shipped else Path(name_or_path)
    try:
        told = read_json(path, _MODEL)
        decoders = {
            int(scale): _decoder(path.parent, int(scale), each)
            for scale, each in told["scales"].items()
        }
        return ExportedModel(
            told["name"], bytes.fromhex(told["sha256"]), told["channels"], decoders
        )
    except FileNotFoundError as error:
        raise CheckpointError(f"no model {name_or_path!r} for ONNX Runtime ({error})") from None
    except (DocumentError, OSError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}") from None


class OnnxDecoder:
    """RecCNN of one scale in ONNX Runtime.

    Args:
      graph: an ONNX file's bytes.
      scale: the compact image's, 2 or 1.
      radius: how far a result depends on its surroundings, in the photograph's pixels.
      units: of the windows.
      offset, growth: ComCNN's, (2, 8, 8), which its tables follow.
    """

    def __init__(
        self,
        graph: bytes,
        scale: int,
        radius: int,
        units: windows.Units,
        offset: np.ndarray,
        growth: np.ndarray,
    ) -> None:
        self.largest_tile = units.photograph * windows.SIDES[-1]
        self._graph = graph
        self._scale = scale
        self._radius = radius
        self._units = units
        self._learned = (offset, growth)

    def tables(self, quality: float) -> np.ndarray:
        """The codec's tables at a quality in 1..100: whole numbers, float32 (2, 8, 8)."""
        return learned_tables(*self._learned, self._scale, quality)

    def reconstruct_tiled(
        self, y_hat: np.ndarray, size: tuple[int, int], tables: np.ndarray
    ) -> np.ndarray:
        """x_hat, uint8 (H, W, C) of this (H, W), of a decoded compact image, uint8 (h, w, C)."""
        tables = np.asarray(tables, np.float32)
        shape = (*size, y_hat.shape[2])

        def run(pixels: np.ndarray) -> np.ndarray:
            found: np.ndarray = self._session.run(None, {"y_hat": pixels, "tables": tables})[0]
            return found

        return windows.apply(run, y_hat, shape, self._units, 2 * self._radius, self.largest_tile)

    @functools.cached_property
    def _session(self) -> Any:
        runtime = import_extra("onnxruntime", "onnx")
        return runtime.InferenceSession(self._graph, providers=["CPUExecutionProvider"])


def _decoder(folder: Path, scale: int, told: dict[str, Any]) -> OnnxDecoder:
    """One scale's; raises DocumentError, OSError or ValueError."""
    graph = told["graphs"].get("float32")
    if graph is None:
        raise DocumentError("it has no graph in float32")
    if Path(graph["file"]).name != graph["file"]:
        raise DocumentError(f"a graph in another folder ({graph['file']})")
    data = read_bytes(folder / graph["file"], MAX_WEIGHTS)
    if hashlib.sha256(data).hexdigest() != graph["sha256"]:
        raise DocumentError(f"{graph['file']} is damaged (its hash is another)")
    offset, growth = (
        np.frombuffer(base64.b64decode(told[name]), np.float32).reshape(2, 8, 8)
        for name in ("offset", "growth")
    )
    units = windows.Units(UNIT, told["unit"], UNIT)
    return OnnxDecoder(data, scale, told["radius"], units, offset, growth)
