"""Models by their names, in JAX or, where that is not installed, in ONNX Runtime."""

import importlib.util
import os
from typing import TYPE_CHECKING

from jaxshrink.compression.expansion import Expander
from jaxshrink.errors import MissingExtraError
from jaxshrink.shipped.index import DEFAULT_MODEL

if TYPE_CHECKING:
    from jaxshrink.compression.model import Model


def has_jax() -> bool:
    """Whether this installation can compress, and not only expand."""
    return importlib.util.find_spec("jax") is not None


def load_model(name_or_path: str | os.PathLike[str] = DEFAULT_MODEL) -> "Model":
    """Opens a model to compress with.

    Raises:
      CheckpointError: if there is no such model.
      MissingExtraError: if JAX is not installed.
    """
    if not has_jax():
        raise MissingExtraError("this installation can only expand; pip install jaxshrink")
    from jaxshrink.compression.model import Model

    return Model.load(name_or_path)


def load_expander(name_or_path: str | os.PathLike[str] = DEFAULT_MODEL) -> Expander:
    """Opens a model to expand with; its pixels are those of `load_model` within one level.

    Raises:
      CheckpointError: if there is no such model.
      MissingExtraError: if neither JAX nor ONNX Runtime is installed.
    """
    if has_jax():
        return load_model(name_or_path)
    from jaxshrink.portable.decoder import load_exported

    model = load_exported(os.fspath(name_or_path))
    return Expander(model.name, model.digest, model.channels, model.decoders)
