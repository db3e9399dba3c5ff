"""`jaxshrink info` and `jaxshrink models`: neither needs JAX."""

import argparse
import json
from pathlib import Path
from typing import Any

from jaxshrink import console
from jaxshrink.cli.paths import named_in_errors, read_file
from jaxshrink.compression.ways import Way
from jaxshrink.files import markers
from jaxshrink.shipped.index import DEFAULT_MODEL, shipped_models, shipped_names


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "info",
        help="what is in a file",
        description="Tells the marker, the model, the sizes, and what a plain viewer shows.",
    )
    parser.set_defaults(run=_info)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="as a JSON object")
    parser = commands.add_parser("models", help="the models of this package")
    parser.set_defaults(run=_models)
    parser.add_argument("--json", action="store_true", help="as a JSON list")


def _info(arguments: argparse.Namespace) -> None:
    with named_in_errors(arguments.file):
        facts = _facts(read_file(arguments.file))
    console.say(json.dumps(facts) if arguments.json else _words(arguments.file, facts))


def _facts(data: bytes) -> dict[str, Any]:
    from jaxshrink.files.opening import open_image
    from jaxshrink.files.reading import read_metadata

    marker = markers.find(data)
    with open_image(data, max_pixels=2**63) as image:
        viewer: dict[str, Any] = {"format": image.format, "mode": image.mode}
        viewer |= {"width": image.width, "height": image.height}
        size = (image.height, image.width)
    facts: dict[str, Any] = {"bytes": len(data), "viewer": viewer, "marker": None}
    facts["metadata"] = read_metadata(data).sizes()
    if marker is not None:
        height, width = marker.size
        facts["marker"] = {
            "version": markers.VERSION,
            "width": width,
            "height": height,
            "scale": marker.scale,
            "quality": marker.quality or None,
            "model": marker.model,
            "model_hash": marker.model_hash.hex(),
            "model_is_here": marker.model in shipped_names(),
            "bpp": 8 * len(data) / (width * height),
        }
        facts["notes"] = list(markers.placed(marker, size)[1])
    return facts


def _words(path: Path, facts: dict[str, Any]) -> str:
    viewer, marker = facts["viewer"], facts["marker"]
    shown = f"{viewer['format']}, {viewer['width']}x{viewer['height']}, {viewer['mode']}"
    lines = [
        f"{console.escaped(str(path))}: {facts['bytes']} bytes",
        f"a plain viewer shows: {shown}",
    ]
    if marker is None:
        lines.append("marker: none; `jaxshrink expand` passes it through")
    else:
        here = "" if marker["model_is_here"] else ", not one of this package's"
        lines += [
            f"photograph: {marker['width']}x{marker['height']}, {marker['bpp']:.3f} bits per pixel",
            f"scale: {marker['scale']}",
            f"model: {marker['model']} ({marker['model_hash']}{here})",
            *(f"note: {note}" for note in facts["notes"]),
        ]
    kept = [f"{name.upper()} {size} bytes" for name, size in facts["metadata"].items() if size]
    lines.append(f"metadata: {', '.join(kept) or 'none'}")
    return "\n".join(lines)


def _models(arguments: argparse.Namespace) -> None:
    models = shipped_models()
    if arguments.json:
        console.say(json.dumps([vars(model) for model in models]))
        return
    if not models:
        console.say("this package has no models; --model takes a file of weights")
    for model in models:
        default = " (default)" if model.name == DEFAULT_MODEL else ""
        scales = " and ".join(Way(scale).name for scale in model.scales)
        console.say(
            f"{model.name}{default}: {scales} size, {model.num_bytes} bytes, {model.digest[:8]}"
        )
        if model.description.get("data"):
            console.say(f"  trained on {model.description['data']}")
