"""Weights in one file, as the package ships them."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors.numpy import save

from jaxshrink.documents import (
    DocumentError,
    anything,
    mapping,
    number,
    one_of,
    parse_json,
    read_weights,
    record,
    text,
)
from jaxshrink.errors import CheckpointError
from jaxshrink.files import markers
from jaxshrink.models.described import describe_networks
from jaxshrink.models.settings import Networks, NetworkVariables, network_settings
from jaxshrink.ops.jpeg import SUBSAMPLINGS
from jaxshrink.shipped import index

_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Weights:
    """One model: a pair of networks for every scale.

    Attributes:
      name: what its files are marked with.
      configs: scale -> the config that its pair was trained with.
      variables: scale -> variables, numpy.
      description: where it comes from: data, steps, versions.
    """

    name: str
    configs: Mapping[int, Mapping[str, Any]]
    variables: Mapping[int, NetworkVariables]
    description: Mapping[str, Any]

    @property
    def networks(self) -> dict[int, Networks]:
        """Scale -> modules, or what stands for them."""
        return {scale: describe_networks(config["model"]) for scale, config in self.configs.items()}

    @property
    def digest(self) -> bytes:
        """SHA-256 of the configs and of every array."""
        digest = hashlib.sha256(json.dumps(_by_name(self.configs), sort_keys=True).encode())
        for name, array in sorted(_arrays(self.variables).items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(array.tobytes())
        return digest.digest()


def save_weights(weights: Weights) -> bytes:
    """Returns a safetensors file, all that is known about the weights in its metadata."""
    metadata = {
        "format": str(_FORMAT),
        "name": weights.name,
        "configs": json.dumps(_by_name(weights.configs), sort_keys=True),
        "description": json.dumps(weights.description, sort_keys=True),
        "sha256": weights.digest.hex(),
    }
    return save(_arrays(weights.variables), metadata)


def load_weights(name_or_path: str) -> Weights:
    """Reads a model of this package by its name, or a file by its path.

    Raises:
      CheckpointError: if there is none, or it is damaged.
    """
    path = index.path_of(name_or_path)
    if name_or_path not in index.shipped_names():
        path = Path(name_or_path)
    try:
        return _checked(*read_weights(path), trusted=path.parent == index.FOLDER)
    except FileNotFoundError:
        known = ", ".join(index.shipped_names()) or "none"
        raise CheckpointError(
            f"no model {name_or_path!r}: neither a file nor one of this package's ({known})"
        ) from None
    except (DocumentError, OSError) as error:
        raise CheckpointError(f"{path}: {error}") from None


_METADATA = record(
    {
        "format": text(),
        "name": text(200),
        "configs": text(),
        "description": text(),
        "sha256": text(64),
    }
)
_WEIGHT = number(0.0, 1e9)
# What is read of the config of one scale; the rest tells how it was trained.
_CONFIGS = mapping(
    record(
        {
            "model": network_settings,
            "codec": record({"subsampling": one_of(*SUBSAMPLINGS)}),
            "loss": record(
                {
                    "rate": number(1e-9, 1e9),
                    "squared_levels": _WEIGHT,
                    "charbonnier": _WEIGHT,
                    "ms_ssim": _WEIGHT,
                },
                {"ssimulacra2": _WEIGHT, "absolute": _WEIGHT},
            ),
        }
    ),
    key=one_of("1", "2"),
)


def _checked(
    metadata: dict[str, str], arrays: Mapping[str, np.ndarray], *, trusted: bool
) -> Weights:
    """The weights; raises DocumentError.

    Args:
      metadata, arrays: what the file holds.
      trusted: whether the arrays fit the config, as in this package: to see that takes a while.
    """
    if metadata.get("format") != str(_FORMAT):
        raise DocumentError("weights of another format")
    _METADATA(metadata, "metadata")
    found = parse_json(metadata["configs"], _CONFIGS)
    configs = {int(scale): config for scale, config in found.items()}
    description = parse_json(metadata["description"], mapping(anything))
    if not markers.is_model_name(metadata["name"]):
        raise DocumentError("its name is none that a marker can hold")
    if not configs or len({config["model"]["channels"] for config in configs.values()}) > 1:
        raise DocumentError("its configs are of no model")
    variables = {}
    for scale, config in configs.items():
        _check_depth(scale, config["model"], arrays)
        variables[scale] = _restore(arrays, f"{scale}/")
        if not trusted:
            _check_shapes(variables[scale], config["model"])
    weights = Weights(metadata["name"], configs, variables, description)
    if weights.digest.hex() != metadata["sha256"]:
        raise DocumentError("damaged (its hash is another)")
    return weights


def _check_depth(scale: int, model: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Refuses networks with more layers than there are arrays: to build them takes minutes."""
    if model.get("scale", 2) != scale:
        raise DocumentError(f"its networks of scale {scale} are of another")
    sizes = ("num_layers", "num_blocks", "num_coarse_blocks")
    depth = sum(model[net].get(size, 0) for net in ("com", "rec") for size in sizes)
    num_arrays = sum(name.startswith(f"{scale}/") for name in arrays)
    if depth > num_arrays:
        raise DocumentError(f"its arrays do not fit its config ({depth} layers or blocks)")


def load_variables(name_or_path: str, networks: Networks) -> NetworkVariables:
    """Reads the variables that fit these networks from weights of the same scale.

    Raises:
      CheckpointError: if there are no such weights, or they are of another architecture.
    """
    from jaxshrink.models.networks import variables_template

    weights = load_weights(name_or_path)
    found = weights.variables.get(getattr(networks.com, "scale", 2))
    shapes = [
        jax.tree.map(lambda leaf: leaf.shape, tree)
        for tree in (found, variables_template(networks))
    ]
    if found is None or shapes[0] != shapes[1]:
        raise CheckpointError(f"{name_or_path}: weights of other networks than the config's")
    return found


def _by_name(configs: Mapping[int, Any]) -> dict[str, Any]:
    return {str(scale): config for scale, config in configs.items()}


def _arrays(variables: Mapping[int, NetworkVariables]) -> dict[str, np.ndarray]:
    """Every array by a name: "2/com/params/trunk/Conv_0/kernel"."""
    return {
        f"{scale}/{name}": np.asarray(leaf)
        for scale, networks in variables.items()
        for name, leaf in zip(_names(networks), jax.tree.leaves(networks), strict=True)
    }


def _names(tree: Any) -> list[str]:
    paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(tree)]
    return ["/".join(str(getattr(k, "name", getattr(k, "key", k))) for k in p) for p in paths]


def _restore(arrays: Mapping[str, np.ndarray], prefix: str) -> NetworkVariables:
    """The variables of one scale, of their names in `_arrays`."""
    named = {
        tuple(name.removeprefix(prefix).split("/")): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
    try:
        found = _nested(named)
        com, rec = ({"batch_stats": {}, **found[net]} for net in ("com", "rec"))
        return NetworkVariables(com, rec)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        raise DocumentError("its arrays are of no model") from None


def _nested(named: Mapping[tuple[str, ...], np.ndarray]) -> dict[str, Any]:
    """Arrays by their paths, in dictionaries within dictionaries."""
    tree: dict[str, Any] = {}
    for (*folders, last), array in named.items():
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        if last in place:
            raise ValueError(f"{last} is an array and a folder")
        place[last] = array
    return tree


def _check_shapes(variables: NetworkVariables, model: Mapping[str, Any]) -> None:
    from jaxshrink.models.networks import create_networks, variables_template

    template = variables_template(create_networks(model))
    wanted, found = (
        {*zip(_names(tree), _shapes(tree), strict=True)} for tree in (template, variables)
    )
    if wanted != found:
        name = min(wanted ^ found)[0]
        raise DocumentError(f"its arrays do not fit its config ({name})")


def _shapes(tree: Any) -> list[tuple[tuple[int, ...], str]]:
    return [(leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(tree)]
