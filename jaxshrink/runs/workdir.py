"""What lies where in a working directory, and whose it is."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jaxshrink.atomic import write_whole
from jaxshrink.documents import (
    DocumentError,
    Shape,
    anything,
    mapping,
    one_of,
    read_json,
    record,
    text,
)
from jaxshrink.errors import CheckpointError, DataError
from jaxshrink.models.settings import network_settings
from jaxshrink.runs.checkpoints import CheckpointStore

_CONFIG = "config.json"
_PHOTOGRAPHS = "photographs.json"
_COHORTS = mapping(mapping(text(64)))
_END = 2**16  # bytes of a photograph's file that are looked at, at each of its ends
_ANY_CONFIG = mapping(anything)
# What a model is used by; see `configs/paper.py` for all that a config holds.
_MODEL_CONFIG = record(
    {
        "model": network_settings,
        "codec": record({"name": text(), "tables": one_of("standard", "learned")}),
    }
)


def latest_checkpoints(workdir: Path) -> CheckpointStore:
    """Whole training states, to resume from; two, so that one may be damaged."""
    return CheckpointStore(workdir / "checkpoints" / "latest", max_to_keep=2)


def best_checkpoints(workdir: Path) -> CheckpointStore:
    """The networks with the best development score, to be used."""
    return CheckpointStore(workdir / "checkpoints" / "best", max_to_keep=1)


def claim(workdir: Path, config: Mapping[str, Any], *, write: bool = True) -> None:
    """Makes a working directory ours, or checks that it is.

    Args:
      workdir: is made where needed.
      config: as JSON has it: lists, no tuples.
      write: False on all processes but one.

    Raises:
      CheckpointError: if it was made with another config; names the fields that differ.
    """
    path = workdir / _CONFIG
    if path.exists():
        _check_equal(workdir, read_config(workdir), config)
    elif write:
        workdir.mkdir(parents=True, exist_ok=True)
        write_json(path, config)


def photographs_changed(
    workdir: Path, cohorts: Mapping[str, Mapping[str, Path]], *, write: bool = True
) -> list[str]:
    """Notes the photographs of a run that begins; those of one that goes on are compared.

    By name, size, and the bytes at both ends of the file: a set of any size is looked through in
    seconds.

    Args:
      workdir: has been claimed.
      cohorts: "train" and "dev" -> name -> file.
      write: False on all processes but one.

    Returns:
      what is another, new or missing, as "train/a.jpg".

    Raises:
      DataError: if a photograph cannot be read.
    """
    found = {
        cohort: {name: _digest_of_ends(file) for name, file in files.items()}
        for cohort, files in cohorts.items()
    }
    path = workdir / _PHOTOGRAPHS
    try:
        before = read_json(path, _COHORTS)
    except (FileNotFoundError, DocumentError):  # a run of before it was noted, or damage
        before = None
    if before is None and write:
        write_json(path, found)
    return [] if before is None else [name for name, _, _ in _differences(before, found, sep="/")]


def _digest_of_ends(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(_END))
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _END, 0))
            digest.update(file.read(_END))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    digest.update(str(size).encode())
    return digest.hexdigest()


def check_model(workdir: Path, config: Mapping[str, Any]) -> None:
    """Raises CheckpointError if the working directory holds another model than the config's."""
    _check_equal(workdir, {"model": read_config(workdir).get("model")}, {"model": config["model"]})


def read_config(workdir: Path) -> dict[str, Any]:
    """Returns the config that a working directory was made with.

    Raises:
      CheckpointError: if it has none, or it cannot be read.
    """
    return _read(workdir, _ANY_CONFIG)


def read_model_config(workdir: Path) -> dict[str, Any]:
    """Returns that config where it describes a model that can be built; raises as `read_config`."""
    return _read(workdir, _MODEL_CONFIG)


def _read(workdir: Path, shape: Shape) -> dict[str, Any]:
    path = workdir / _CONFIG
    try:
        return read_json(path, shape)
    except FileNotFoundError:
        raise CheckpointError(f"{workdir}: no training run here ({_CONFIG} is missing)") from None
    except DocumentError as error:
        raise CheckpointError(f"{path}: damaged ({error})") from None


def write_json(path: Path, value: Any) -> None:
    """Writes a file whole or not at all, as `write_whole` does; infinities and NaN become null."""
    text = json.dumps(_finite(value), indent=2, allow_nan=False) + "\n"
    write_whole(path, text.encode())


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    return value


def _check_equal(workdir: Path, saved: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    differences = [
        f"{name} is {there!r} there and {here!r} here"
        for name, there, here in _differences(saved, config)
    ]
    if differences:
        raise CheckpointError(
            f"{workdir} was made with another config: {'; '.join(differences)}; "
            "choose another --workdir"
        )


def _differences(
    saved: Mapping[str, Any], config: Mapping[str, Any], prefix: str = "", sep: str = "."
) -> Iterable[tuple[str, Any, Any]]:
    """Yields the dotted name and both values of every field that differs."""
    for key in sorted({*saved, *config}):
        there, here = saved.get(key, "absent"), config.get(key, "absent")
        if isinstance(there, Mapping) and isinstance(here, Mapping):
            yield from _differences(there, here, f"{prefix}{key}{sep}", sep)
        elif there != here:
            yield f"{prefix}{key}", there, here
