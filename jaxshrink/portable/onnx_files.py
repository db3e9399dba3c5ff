"""A model's RecCNNs in ONNX files, and a JSON of all else that `expand` needs."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxshrink.atomic import write_whole
from jaxshrink.documents import read_weights
from jaxshrink.errors import CheckpointError
from jaxshrink.inference import windows
from jaxshrink.models.settings import UNIT, radius_of
from jaxshrink.portable import FORMAT
from jaxshrink.portable.graph import OPSET, reccnn_graph
from jaxshrink.portable.tables import learned_tables
from jaxshrink.shipped import index

DTYPES = ("float32", "float16")
_SIZES = {1: "full", 2: "half"}


def export_onnx(name_or_path: str, folder: Path, dtypes: tuple[str, ...] = DTYPES) -> list[Path]:
    """Writes NAME.json and NAME-half.onnx, NAME-full.float16.onnx and so on.

    Args:
      name_or_path: of a model of this package, or a file of weights.
      folder: is made where needed.
      dtypes: of the trunks.

    Returns:
      What was written, the JSON last.

    Raises:
      CheckpointError: if there is no such model, it is damaged, or of another architecture.
      DataError: if the folder cannot be written.
      MissingExtraError: if `onnx` is not installed.
    """
    metadata, arrays = _read(name_or_path)
    try:
        name, configs = metadata["name"], json.loads(metadata["configs"])
        description = json.loads(metadata["description"])
        digest = metadata["sha256"]
        files: dict[str, bytes] = {}
        scales = {
            scale: _scale(name, int(scale), config["model"], arrays, dtypes, files)
            for scale, config in configs.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(
            f"{name_or_path}: its networks cannot be exported ({error!r})"
        ) from None
    first = next(iter(configs.values()))["model"]
    told = {
        "format": FORMAT,
        "name": name,
        "hash": digest[:8],
        "sha256": digest,
        "channels": first["channels"],
        "opset": OPSET,
        "unit": UNIT,
        "sides": list(windows.SIDES),
        "scales": scales,
        "description": description,
    }
    files[f"{name}.json"] = (json.dumps(told, indent=2) + "\n").encode()
    for file, data in files.items():
        write_whole(folder / file, data)
    return [folder / file for file in files]


def _read(name_or_path: str) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Metadata and arrays; a file that is not this package's is checked first, which takes JAX."""
    if name_or_path in index.shipped_names():
        return read_weights(index.path_of(name_or_path))
    from jaxshrink.models.weights import load_weights

    load_weights(name_or_path)
    return read_weights(Path(name_or_path))


def _scale(
    name: str,
    scale: int,
    settings: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    dtypes: tuple[str, ...],
    files: dict[str, bytes],
) -> dict[str, Any]:
    """What the JSON tells of one scale; its graphs are added to `files`."""
    if settings["architecture"] != "residual":
        raise ValueError(f"of architecture {settings['architecture']}")
    prefix = f"{scale}/rec/params/_Trunk_0/"
    trunk = {
        key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)
    }
    graphs = {}
    for dtype in dtypes:
        suffix = "" if dtype == "float32" else f".{dtype}"
        file = f"{name}-{_SIZES[scale]}{suffix}.onnx"
        files[file] = reccnn_graph(trunk, settings, dtype).SerializeToString(deterministic=True)
        sha256 = hashlib.sha256(files[file]).hexdigest()
        graphs[dtype] = {"file": file, "bytes": len(files[file]), "sha256": sha256}
    com = f"{scale}/com/params/"
    offset, growth = arrays[f"{com}offset"], arrays[f"{com}growth"]
    tables = [learned_tables(offset, growth, scale, quality) for quality in range(1, 101)]
    return {
        "unit": UNIT // scale,
        "radius": radius_of(settings, "rec"),
        "graphs": graphs,
        "offset": _base64(offset),
        "growth": _base64(growth),
        "tables": _base64(np.array(tables).astype(np.uint8)),
    }


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()
