"""Packs trained models of one or two scales into one file of weights.

    python export.py --name photo -o jaxshrink/models/shipped/photo.safetensors \\
        runs/codec_aware_half runs/codec_aware_full
"""

import argparse
import sys
from pathlib import Path

import jax
import ml_collections

from jaxshrink import __version__, workdir
from jaxshrink.errors import JaxshrinkError
from jaxshrink.evaluation.run import load_best
from jaxshrink.models.weights import Weights, save_weights


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdirs", nargs="+", type=Path, help="of launch.py")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--notes", default="", help="data, budget: what is worth knowing")
    parser.add_argument("-o", type=Path, required=True, help="the file to write")
    arguments = parser.parse_args()
    try:
        weights = pack(arguments.name, arguments.workdirs, arguments.notes)
    except JaxshrinkError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    workdir.write_whole(arguments.o, save_weights(weights))
    print(f"{arguments.o}: {arguments.o.stat().st_size} bytes, sha256 {weights.digest.hex()}")
    return 0


def pack(name: str, folders: list[Path], notes: str) -> Weights:
    """Collects the best checkpoints of some working directories."""
    configs, variables, steps = {}, {}, {}
    for folder in folders:
        config = workdir.read_config(folder)
        scale = config["model"]["scale"]
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


if __name__ == "__main__":
    sys.exit(main())
