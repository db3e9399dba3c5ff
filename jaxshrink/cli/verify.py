"""`jaxshrink verify`: how close one file is to the photograph that it was made from."""

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxshrink import console
from jaxshrink.cli.arguments import add_max_pixels
from jaxshrink.cli.paths import named_in_errors, read_file
from jaxshrink.errors import DataError

if TYPE_CHECKING:
    import numpy as np


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "verify",
        help="measure a file against its original",
        description="Expands a file, and measures it against the photograph that it was made from.",
    )
    parser.set_defaults(run=_verify)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("original", type=Path, metavar="ORIGINAL")
    parser.add_argument("--json", action="store_true", help="as a JSON object")
    add_max_pixels(parser)


def _verify(arguments: argparse.Namespace) -> None:
    x_hat, num_bytes = _read(arguments.file, arguments.max_pixels)
    x, original_bytes = _read(arguments.original, arguments.max_pixels)
    facts = _scores(x, x_hat) | {"bytes": num_bytes, "original_bytes": original_bytes}
    console.say(json.dumps(facts) if arguments.json else _words(facts))


def _read(path: Path, max_pixels: int) -> "tuple[np.ndarray, int]":
    """A picture, uint8 (H, W, 1 or 3), what a compact file expands to; and the file's bytes."""
    from jaxshrink.compression.api import expand

    with named_in_errors(path):
        data = read_file(path)
        return expand(data, max_pixels=max_pixels), len(data)


def _scores(x: "np.ndarray", x_hat: "np.ndarray") -> dict[str, Any]:
    """By metric; None where a side is too short for it, and PSNR's where nothing differs.

    Raises:
      DataError: if the two have other sizes.
    """
    import numpy as np

    from jaxshrink.inference.tiled_metrics import similarity

    if x.shape[:2] != x_hat.shape[:2]:
        sizes = [f"{width}x{height}" for height, width in (x_hat.shape[:2], x.shape[:2])]
        raise DataError(f"a picture of {sizes[0]} is no copy of one of {sizes[1]}")
    channels = max(x.shape[2], x_hat.shape[2])
    x, x_hat = (np.broadcast_to(pixels, (*pixels.shape[:2], channels)) for pixels in (x, x_hat))
    close = similarity(x, x_hat)
    psnr = close.psnr if math.isfinite(close.psnr) else None
    return {"ssimulacra2": close.ssimulacra2, "ms_ssim": close.ms_ssim, "psnr": psnr}


def _words(facts: dict[str, Any]) -> str:
    names = {"ssimulacra2": "SSIMULACRA2", "ms_ssim": "MS-SSIM", "psnr": "PSNR"}
    lines = [
        f"{name}: {'none' if facts[key] is None else format(facts[key], '.4f')}"
        for key, name in names.items()
    ]
    return "\n".join([*lines, f"{facts['bytes']} bytes, of {facts['original_bytes']}"])
