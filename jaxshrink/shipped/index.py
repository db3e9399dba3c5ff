"""What models this package ships, read from their files' headers: no JAX is needed."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from jaxshrink.errors import CheckpointError

DEFAULT_MODEL = "photo3"

FOLDER = Path(__file__).parent
_SUFFIXES = (".safetensors", ".json")
_MAX_HEADER = 10**7


@dataclasses.dataclass(frozen=True)
class Shipped:
    """One model.

    Attributes:
      name: what `--model` takes.
      num_bytes: the size of its file.
      scales: those that it has networks for, 2 and 1.
      digest: the weights' SHA-256, hexadecimal; markers have the first four bytes.
      description: where it comes from.
    """

    name: str
    num_bytes: int
    scales: tuple[int, ...]
    digest: str
    description: dict[str, Any]


def shipped_names() -> list[str]:
    """The names of all models."""
    return sorted({path.stem for path in FOLDER.glob("*") if path.suffix in _SUFFIXES})


def path_of(name: str) -> Path:
    """Where a model of this name lies, if it is shipped."""
    return FOLDER / f"{name}.safetensors"


def exported_path_of(name: str) -> Path:
    """Where it lies in a distribution without JAX: a JSON, with ONNX files beside it."""
    return FOLDER / f"{name}.json"


def check_shipped(name: str) -> str:
    """The name of a model of this package, as a marker has it, which is no path however it reads.

    Raises:
      CheckpointError: if this package has no such model.
    """
    if name not in shipped_names():
        known = ", ".join(shipped_names()) or "none"
        raise CheckpointError(f"made by the model {name}, which is not here (known: {known})")
    return name


def shipped_models() -> list[Shipped]:
    """All models; raises CheckpointError if one is damaged."""
    return [_read(name) for name in shipped_names()]


def _read(name: str) -> Shipped:
    path = path_of(name)
    if not path.exists():
        return _read_exported(exported_path_of(name))
    try:
        with path.open("rb") as file:
            length = min(int.from_bytes(file.read(8), "little"), _MAX_HEADER)
            metadata = json.loads(file.read(length))["__metadata__"]
        scales = sorted((int(scale) for scale in json.loads(metadata["configs"])), reverse=True)
        return Shipped(
            path.stem,
            path.stat().st_size,
            tuple(scales),
            str(metadata["sha256"]),
            dict(json.loads(metadata["description"])),
        )
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged ({type(error).__name__} in its header)") from None


def _read_exported(path: Path) -> Shipped:
    try:
        told = json.loads(path.read_bytes())
        graphs = [graph for scale in told["scales"].values() for graph in scale["graphs"].values()]
        scales = sorted((int(scale) for scale in told["scales"]), reverse=True)
        return Shipped(
            path.stem,
            sum(int(graph["bytes"]) for graph in graphs),
            tuple(scales),
            str(told["sha256"]),
            dict(told["description"]),
        )
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged ({type(error).__name__})") from None
