"""Arguments that several commands share."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from jaxshrink import console
from jaxshrink.cli.batch import Manners
from jaxshrink.cli.paths import MAX_BYTES, PIPE, Plan, plan, read_file
from jaxshrink.errors import ConfigError, DataError
from jaxshrink.files.markers import DEFAULT_MAX_PIXELS

_SIZE = re.compile(r"(\d+\.?\d*|\.\d+)\s*(?:([kmg])(i?))?b?", re.IGNORECASE)
_POWERS = {None: 0, "k": 1, "m": 2, "g": 3}
# Files at once: the most, and what the largest within the limits may take of memory.
_MOST_JOBS, _MEMORY_PER_JOB = 4, 4 * 10**9


def add_files(parser: argparse.ArgumentParser) -> None:
    """What to read and where to write."""
    add = parser.add_argument
    add("inputs", nargs="*", metavar="IN", help="files, folders, patterns; - is standard input")
    add(
        "--files-from",
        metavar="FILE",
        help="a list of more, one a line or with zero bytes between; - is standard input",
    )
    add("-o", dest="output", metavar="OUT", help="the result of one input; - is standard output")
    add("-d", dest="folder", type=Path, metavar="DIR", help="the folder of all results")
    add("-r", "--recursive", action="store_true", help="folders inside of folders, too")
    add(
        "-j",
        "--jobs",
        type=positive,
        default=_num_jobs(),
        metavar="N",
        help="files at once (default: one per core and 4 GB of memory, at most 4)",
    )
    add("--json", action="store_true", help="a JSON object per file, and one of totals")
    add("--dry-run", action="store_true", help="do everything, write nothing")
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("--quiet", action="store_true", help="tell only what failed")
    loudness.add_argument(
        "-v", "--verbose", action="store_true", help="name all that is left out, too"
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--no-overwrite", action="store_true", help="fail where a result exists")
    existing.add_argument(
        "--skip-existing", action="store_true", help="leave out what has a result: continue a run"
    )
    parser.set_defaults(on_interruption="--skip-existing leaves out what is done")


def _num_jobs() -> int:
    """How many files this machine works on at once: beyond a few, all cores are busy anyway."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not every system tells
        memory = _MOST_JOBS * _MEMORY_PER_JOB
    return max(1, min(os.cpu_count() or 1, _MOST_JOBS, memory // _MEMORY_PER_JOB))


def plan_of(arguments: argparse.Namespace, suffix_of: Callable[[Path], str]) -> Plan:
    """What to work on; see `plan` for what it raises."""
    listed = [] if arguments.files_from is None else _names_in(arguments.files_from)
    if not arguments.inputs and arguments.files_from is None:
        raise ConfigError("name files or folders to read, or --files-from a list")
    return plan(
        arguments.inputs,
        arguments.output,
        arguments.folder,
        recursive=arguments.recursive,
        suffix_of=suffix_of,
        listed=listed,
    )


def _names_in(place: str) -> list[str]:
    """The names in a list, whatever their bytes are."""
    try:
        data = console.receive(MAX_BYTES) if place == PIPE else read_file(Path(place))
    except DataError as error:
        raise DataError(f"--files-from {place}: {error}") from None
    separator = b"\0" if b"\0" in data else b"\n"
    names = [name.removesuffix(b"\r") for name in data.split(separator)]
    return [os.fsdecode(name) for name in names if name]


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
    add_max_pixels(parser)


def add_max_pixels(parser: argparse.ArgumentParser) -> None:
    """What is refused before it is decoded."""
    parser.add_argument(
        "--max-pixels",
        type=size,
        default=DEFAULT_MAX_PIXELS,
        metavar="N",
        help="refuse pictures of more pixels before decoding them (default: 200M)",
    )


def manners_of(arguments: argparse.Namespace) -> Manners:
    """How to write and tell."""
    return Manners(
        num_jobs=arguments.jobs,
        as_json=arguments.json,
        loudness="quiet" if arguments.quiet else "verbose" if arguments.verbose else "normal",
        dry_run=arguments.dry_run,
        keep_existing=_keep_existing(arguments),
    )


def _keep_existing(arguments: argparse.Namespace) -> Literal["replace", "skip", "refuse"]:
    if arguments.skip_existing:
        return "skip"
    return "refuse" if arguments.no_overwrite else "replace"


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


def size(text: str) -> int:
    """A type for `add_argument`: 20000, 20k, 1.5M, 64KiB; k and M are thousands, Ki of 1024."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(
            f"expected a size such as 20000, 20k or 1.5M, got {text!r}"
        )
    number, prefix, binary = match.groups()
    power = _POWERS[prefix and prefix.lower()]
    value = int(float(number) * (1024 if binary else 1000) ** power)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return value


def above_zero(text: str) -> float:
    """A type for `add_argument`."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected more than 0, got {text}")
    return number
