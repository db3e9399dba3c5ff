"""Packs trained models of one or two scales into one file of weights.

    python export.py --name photo -o jaxshrink/models/shipped/photo.safetensors \\
        runs/codec_aware_half runs/codec_aware_full
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import jax
import ml_collections

from jaxshrink import __version__
from jaxshrink.errors import CheckpointError, ConfigError, JaxshrinkError
from jaxshrink.files import markers
from jaxshrink.models.weights import Weights, save_weights
from jaxshrink.runs import workdir
from jaxshrink.runs.restore import load_best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdirs", nargs="+", type=Path, help="of launch.py")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--notes", default="", help="data, budget: what is worth knowing")
    parser.add_argument("-o", type=Path, required=True, help="the file to write")
    arguments = parser.parse_args()
    try:
        weights = pack(arguments.name, arguments.workdirs, arguments.notes)
        workdir.write_whole(arguments.o, save_weights(weights))
    except JaxshrinkError as error:
        return _end(error, error.exit_code)
    except OSError as error:
        return _end(f"{arguments.o}: cannot be written ({error.strerror})", 3)
    print(f"{arguments.o}: {arguments.o.stat().st_size} bytes, sha256 {weights.digest.hex()}")
    return 0


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


def _end(message: object, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
