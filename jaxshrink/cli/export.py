"""`jaxshrink export`: trained models, in files for others."""

import argparse
from pathlib import Path

from jaxshrink import console
from jaxshrink.shipped.index import DEFAULT_MODEL


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "export",
        help="put a trained model into a file",
        description="Puts trained models into files that others can use.",
    )
    kinds = parser.add_subparsers(title="kinds", required=True, metavar="KIND")
    _add_weights(kinds)
    _add_onnx(kinds)


def _add_weights(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = kinds.add_parser(
        "weights",
        help="training runs of one or two scales, for --model",
        description="Packs the best checkpoints of one or two runs into one file for --model.",
    )
    parser.set_defaults(run=_weights)
    add = parser.add_argument
    add("runs", nargs="+", type=Path, metavar="RUN", help="a working directory of launch.py")
    add("--name", required=True, help="of the model")
    add("--notes", default="", help="data, budget: what is worth knowing")
    add("-o", dest="output", required=True, type=Path, metavar="FILE", help="the file to write")


def _weights(arguments: argparse.Namespace) -> None:
    from jaxshrink.atomic import write_whole
    from jaxshrink.models.weights import save_weights
    from jaxshrink.runs.packing import pack

    weights = pack(arguments.name, arguments.runs, arguments.notes)
    output: Path = arguments.output
    write_whole(output, save_weights(weights))
    console.say(f"{output}: {output.stat().st_size} bytes, sha256 {weights.digest.hex()}")


def _add_onnx(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = kinds.add_parser(
        "onnx",
        help="the networks that expand, as ONNX",
        description="Writes the networks that expand, one file per scale and precision, and a JSON"
        " that says how to use them.",
    )
    parser.set_defaults(run=_onnx)
    add = parser.add_argument
    add(
        "model",
        nargs="?",
        default=DEFAULT_MODEL,
        metavar="MODEL",
        help="a model's name or file (default: %(default)s)",
    )
    add("-o", dest="output", required=True, type=Path, metavar="DIR", help="the folder to write to")


def _onnx(arguments: argparse.Namespace) -> None:
    from jaxshrink.portable.onnx_files import export_onnx

    for path in export_onnx(arguments.model, arguments.output):
        console.say(console.escaped(f"{path}: {path.stat().st_size} bytes"))
