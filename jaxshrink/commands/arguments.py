"""Arguments that several commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path

from jaxshrink.commands.batch import Manners
from jaxshrink.container import DEFAULT_MAX_PIXELS


def add_files(parser: argparse.ArgumentParser) -> None:
    """What to read and where to write."""
    add = parser.add_argument
    add("inputs", nargs="+", metavar="IN", help="files, folders, patterns; - is standard input")
    add("-o", dest="output", metavar="OUT", help="the result of one input; - is standard output")
    add("-d", dest="folder", type=Path, metavar="DIR", help="the folder of all results")
    add("-r", "--recursive", action="store_true", help="folders inside of folders, too")
    add("-j", "--jobs", type=positive, default=1, metavar="N", help="files at once (default: 1)")
    add("--json", action="store_true", help="a JSON object per file instead of words")
    add("--dry-run", action="store_true", help="do everything, write nothing")
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--no-overwrite", action="store_true", help="fail where a result exists")
    existing.add_argument(
        "--skip-existing", action="store_true", help="leave out what has a result: continue a run"
    )


def add_strip(parser: argparse.ArgumentParser) -> None:
    """What to leave out of what files say; "--strip" takes no value, for a file may follow it."""
    options = parser.add_mutually_exclusive_group()
    options.add_argument(
        "--strip",
        action="store_const",
        const="all",
        default="nothing",
        help="leave out EXIF, XMP, IPTC, comments and the colour profile: colours become sRGB",
    )
    options.add_argument(
        "--strip=gps",
        dest="strip",
        action="store_const",
        const="gps",
        help="leave out where the photograph was taken, coordinates and names",
    )


def add_computation(parser: argparse.ArgumentParser, model_help: str) -> None:
    """Model, device and limits."""
    add = parser.add_argument
    add("--model", metavar="NAME", help=model_help)
    add(
        "--device", choices=("cpu", "gpu", "tpu"), help="where to compute (default: what JAX finds)"
    )
    add(
        "--tile",
        type=number_from(64),
        default=1024,
        metavar="PIXELS",
        help="side of the windows that large pictures are computed in (default: %(default)s)",
    )
    add(
        "--max-pixels",
        type=positive,
        default=DEFAULT_MAX_PIXELS,
        metavar="N",
        help="refuse pictures of more pixels before decoding them (default: %(default)s)",
    )


def manners_of(arguments: argparse.Namespace) -> Manners:
    """How to write and tell."""
    existing = "refuse" if arguments.no_overwrite else "replace"
    return Manners(
        num_jobs=arguments.jobs,
        as_json=arguments.json,
        dry_run=arguments.dry_run,
        keep_existing="skip" if arguments.skip_existing else existing,
    )


def number_from(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """A type for `add_argument`: whole numbers of a range."""

    def parse(text: str) -> int:
        number = int(text)
        if number < lowest or (highest is not None and number > highest):
            upper = "or more" if highest is None else f"to {highest}"
            raise argparse.ArgumentTypeError(f"expected {lowest} {upper}, got {text}")
        return number

    parse.__name__ = "whole number"  # argparse says it
    return parse


positive = number_from(1)


def above_zero(text: str) -> float:
    """A type for `add_argument`."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected more than 0, got {text}")
    return number
