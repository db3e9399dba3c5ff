"""From training runs to one file of weights."""

from pathlib import Path
from typing import Any

import jax
import ml_collections

from jaxshrink import __version__
from jaxshrink.errors import CheckpointError, ConfigError
from jaxshrink.files import markers
from jaxshrink.models.weights import Weights
from jaxshrink.runs import workdir
from jaxshrink.runs.restore import load_best


def pack(name: str, folders: list[Path], notes: str) -> Weights:
    """Collects the best checkpoints of some working directories.

    Raises:
      ConfigError: if one holds a model that cannot be packed, or two hold models of one scale.
      CheckpointError: if one holds none, or it is damaged.
    """
    if not markers.is_model_name(name):
        raise ConfigError(f"--name {name}: a-z, 0-9, '.', '_', '-', at most 32, no sign first")
    configs, variables, steps = {}, {}, {}
    for folder in folders:
        config = workdir.read_config(folder)
        scale = _scale(folder, config)
        if scale in configs:
            raise ConfigError(f"{folder}: a second model of scale {scale}; one of each is packed")
        found, info = load_best(ml_collections.ConfigDict(config), folder)
        # Where the photographs lay on some machine is nobody's business.
        root = config["data"].pop("root")
        config["data"] = {
            key: value.replace(f"{root}/", "") if isinstance(value, str) else value
            for key, value in config["data"].items()
        }
        configs[scale], variables[scale] = config, found
        steps[str(scale)] = info["step"]
    description = {"notes": notes, "steps": steps, "jax": jax.__version__, "jaxshrink": __version__}
    return Weights(name, configs, variables, description)


def _scale(folder: Path, config: dict[str, Any]) -> int:
    try:
        architecture = config["model"]["architecture"]
        if architecture == "residual" and config["loss"]["rate"] > 0:
            return int(config["model"]["scale"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder}: config.json is of no training run ({error!r})") from None
    raise ConfigError(
        f"{folder}: a model of architecture {architecture!r}, or trained without a rate in its"
        " loss, cannot be packed; configs/codec_aware.py trains one that can"
    )
