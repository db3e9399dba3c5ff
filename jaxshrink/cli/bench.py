"""`jaxshrink bench`."""

import argparse
import os
from pathlib import Path


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "bench",
        help="compare models and codecs on images",
        description="Rate-distortion curves, BD-rates and a report of models and codecs.",
    )
    parser.set_defaults(run=_run)
    _add_methods(parser)
    _add_figures(parser)
    _add_output(parser)


def _add_methods(parser: argparse.ArgumentParser) -> None:
    """What is compared, and on what."""
    add = parser.add_argument
    add("images", nargs="+", metavar="IMAGES", help="folders or files")
    add(
        "--methods",
        type=_names,
        default=("jpeg", "jpeg-optimized", "webp", "avif", "jpeg2000"),
        help="codecs (jpeg, jpeg-optimized, webp, avif, jpeg2000, jxl, jxl-transcode,"
        " mozjpeg-lossless), models of this package (photo3) or files of weights,"
        " MODEL[:half|:full][:refine=N][:repack], and folders of training runs, DIR or DIR@CODEC;"
        " comma-separated. Both kinds of jpeg are always measured",
    )
    add(
        "--external",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="another codec: 'NAME=cjxl {input} {output} -q {quality}'; may be repeated",
    )
    add(
        "--timeout",
        type=_seconds,
        default=300.0,
        metavar="SECONDS",
        help="that such a command may take for an image (default: 300)",
    )
    add(
        "--qualities",
        type=_sweep,
        action="append",
        default=[],
        metavar="METHOD=5,10,..",
        help="what to sweep for a method; may be repeated",
    )


def _add_figures(parser: argparse.ArgumentParser) -> None:
    """What is measured, and beside what."""
    add = parser.add_argument
    add(
        "--metrics",
        type=_names,
        default=(),
        help="others beside ssimulacra2, ms-ssim and psnr, which are always measured: ssim",
    )
    add("--anchor", default="jpeg-optimized", help="of bd_rate.json (default: %(default)s)")
    add(
        "--window",
        type=_window,
        default=(0.08, 1.0),
        metavar="LOW:HIGH",
        help="bits per pixel that BD-rates look at (default: 0.08:1.0)",
    )
    add(
        "--compare",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE.json",
        help="published curves in CompressAI's JSON",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    """How it is computed and shown."""
    add = parser.add_argument
    add("--log-rate", action="store_true", help="logarithmic rates in the plots")
    add(
        "-j",
        type=_positive,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (default: one per core)",
    )
    add(
        "--pictures",
        type=_positive,
        default=24,
        metavar="N",
        help="images that the report shows (default: %(default)s)",
    )
    add("-o", type=Path, default=Path("bench"), metavar="DIR", help="output (default: %(default)s)")


def _run(arguments: argparse.Namespace) -> None:
    from jaxshrink.bench.run import BenchOptions, bench

    bench(
        BenchOptions(
            locations=arguments.images,
            methods=arguments.methods,
            external=arguments.external,
            timeout=arguments.timeout,
            qualities=dict(arguments.qualities),
            metrics=arguments.metrics,
            anchor=arguments.anchor,
            window=arguments.window,
            compare=arguments.compare,
            num_processes=arguments.j,
            output=arguments.o,
            log_rate=arguments.log_rate,
            num_pictures=arguments.pictures,
        )
    )


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names and commas, got {text!r}")
    return names


def _sweep(text: str) -> tuple[str, tuple[float, ...]]:
    name, _, numbers = text.rpartition("=")
    try:
        sweep = tuple(dict.fromkeys(_number(number) for number in numbers.split(",")))
    except ValueError:
        sweep = ()
    if not name or not sweep:
        raise argparse.ArgumentTypeError(f"expected METHOD=5,10,.., got {text!r}")
    return name, sweep


def _number(text: str) -> float:
    """An int where it is whole: 5 and 5.0 are the same setting, and the same in the cache."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _window(text: str) -> tuple[float, float]:
    try:
        low, high = (float(number) for number in text.split(":"))
    except ValueError:
        low, high = 0.0, 0.0
    if not 0.0 < low < high:
        raise argparse.ArgumentTypeError(f"expected LOW:HIGH with 0 < LOW < HIGH, got {text!r}")
    return low, high


def _seconds(text: str) -> float:
    number = float(text)
    if not 0.0 < number < 1e8:
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0, got {text}")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return number
