"""`jaxshrink compress`."""

import argparse
import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxshrink.cli import arguments as shared
from jaxshrink.cli.batch import Output, run_batch
from jaxshrink.cli.paths import PIPE, Job
from jaxshrink.compression.ways import NAMES
from jaxshrink.errors import ConfigError, DataError
from jaxshrink.shipped.index import DEFAULT_MODEL

if TYPE_CHECKING:
    from jaxshrink.compression.model import Model
    from jaxshrink.compression.small import Small

_DEFAULT_QUALITY = 75
_DEFAULT_CODEC = "jpeg"
_SUFFIXES = {"jpeg": ".jpg", "webp": ".webp", "avif": ".avif"}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "compress",
        help="photographs to small JPEGs that any viewer opens",
        description="Stores photographs as plain pictures, smaller than optimized JPEGs that look"
        " as good once `jaxshrink expand` has restored them.",
    )
    parser.set_defaults(run=_run)
    shared.add_files(parser)
    _add_targets(parser)
    add = parser.add_argument
    add(
        "-e",
        "--effort",
        type=shared.number_from(1, 3),
        default=2,
        metavar="1..3",
        help="1: quick, 2: near the target (default), 3: compact images are refined, slow",
    )
    add("--scale", choices=NAMES, help="force one (default: the best is kept)")
    add(
        "--codec",
        choices=tuple(_SUFFIXES),
        help="of all results (default: as -o's name says, or jpeg; what is kept as it is keeps its"
        " format)",
    )
    add(
        "--resize",
        type=_resizing,
        metavar="WxH|W|N%",
        help="first make it smaller: to fit into WxH pixels, to a width, or to N%% of both sides",
    )
    add(
        "--recompress",
        action="store_true",
        help="expand files that are compact already and compress them again (default: they are"
        " passed through)",
    )
    shared.add_strip(parser)
    add(
        "--background",
        default="white",
        metavar="COLOR",
        help="to lay transparent pixels over, or 'refuse' (default: %(default)s)",
    )
    model_help = f"a model's name or file (default: {DEFAULT_MODEL})"
    shared.add_computation(parser, model_help)


def _add_targets(parser: argparse.ArgumentParser) -> None:
    add = parser.add_mutually_exclusive_group().add_argument
    add(
        "-q",
        "--quality",
        type=shared.number_from(1, 100),
        metavar="N",
        help="the fewest bytes that look as good as optimized JPEG at quality N, by"
        f" SSIMULACRA2 and MS-SSIM (default: {_DEFAULT_QUALITY})",
    )
    add("--target-size", type=shared.size, metavar="BYTES", help="at most so many: 20k, 1.5M")
    add("--target-bpp", type=shared.above_zero, metavar="BPP", help="at most so many per pixel")
    add(
        "--target-ssimulacra2",
        type=shared.above_zero,
        metavar="X",
        help="at least this SSIMULACRA2: 90 is hardly to be told from the original, 70 is good",
    )
    add("--target-msssim", type=shared.above_zero, metavar="X", help="at least this MS-SSIM")
    add("--target-psnr", type=shared.above_zero, metavar="DB", help="at least this PSNR")


def _resizing(text: str) -> str:
    """A type for `add_argument`."""
    from jaxshrink.compression.resizing import Resizing

    try:
        Resizing.parse(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _codec(arguments: argparse.Namespace) -> str | None:
    """Of all results: that of --codec, or of the name behind -o; None where neither says one.

    Raises:
      ConfigError: if the name stands for a format that is not written, or they contradict.
    """
    named = None if arguments.output in (None, PIPE) else _format_of_name(arguments.output)
    if named is None:
        return arguments.codec
    if named.lower() not in _SUFFIXES:
        raise ConfigError(
            f"-o {arguments.output}: compress writes .jpg, .webp or .avif, no {named}"
        )
    if arguments.codec not in (None, named.lower()):
        raise ConfigError(
            f"-o {arguments.output} names another format than --codec {arguments.codec}"
        )
    return named.lower()


def _format_of_name(name: str) -> str | None:
    from jaxshrink.files.suffixes import format_of_suffix

    return format_of_suffix(Path(name).suffix)


def _run(arguments: argparse.Namespace) -> None:
    codec = _codec(arguments)
    suffix = _SUFFIXES[codec or _DEFAULT_CODEC]
    jobs = shared.plan_of(arguments, lambda source: suffix)
    from jaxshrink.files.photographs import REFUSE, is_color

    if arguments.background != REFUSE and not is_color(arguments.background):
        raise ConfigError(f"--background {arguments.background}: no such colour")
    from jaxshrink.compression.loading import load_model
    from jaxshrink.runtime.startup import start_jax

    start_jax(arguments.device)
    model = load_model(arguments.model or DEFAULT_MODEL)
    model.set_tile(arguments.tile)
    work = functools.partial(_compress, model, arguments, codec)
    run_batch(jobs, work, shared.manners_of(arguments))


def _compress(model: "Model", arguments: argparse.Namespace, codec: str | None, job: Job) -> Output:
    original = job.read()
    small = model.compress(
        original,
        quality=arguments.quality,
        target_size=arguments.target_size,
        target_bpp=arguments.target_bpp,
        target_msssim=arguments.target_msssim,
        target_psnr=arguments.target_psnr,
        target_ssimulacra2=arguments.target_ssimulacra2,
        effort=arguments.effort,
        scale=arguments.scale,
        codec=codec,
        resize=arguments.resize,
        recompress=arguments.recompress,
        strip=arguments.strip,
        background=arguments.background,
        max_pixels=arguments.max_pixels,
    )
    ratio = len(original) / len(small.data)
    return Output(
        small.data,
        len(original),
        _text(len(original), small, ratio),
        _record(small, ratio),
        kind="kept" if small.kept else "stored",
        notes=small.notes,
        suffix=_suffix(small, job) if small.kept else None,
    )


def _suffix(small: "Small", job: Job) -> str | None:
    """Of a name for a file that is kept: its own, where that of the job does not fit its bytes.

    Raises:
      DataError: if the user's name for it says another format.
    """
    from jaxshrink.files.suffixes import format_of, format_of_suffix

    if job.target is None:
        return None
    kept, named = format_of(small.data), format_of_suffix(job.target.suffix)
    if kept == named or (job.exact and named is None):
        return None
    if job.exact:
        # A compact file is the only one that is kept in another format than was asked for.
        raise DataError(
            f"is a compact file in {kept} already, and {job.target} names another format:"
            " --recompress stores it anew"
        )
    own = "" if job.source is None else job.source.suffix
    return own if format_of_suffix(own) == kept else small.suffix


def _text(num_bytes: int, small: "Small", ratio: float) -> str:
    if small.scale is None:
        return f"{num_bytes} -> {len(small.data)} bytes"
    if small.ssimulacra2 is None or small.ms_ssim is None:
        measured = f"PSNR {small.psnr:.2f} dB (all that counts below 161 pixels)"
    else:
        measured = f"SSIMULACRA2 {small.ssimulacra2:.1f}, MS-SSIM {small.ms_ssim:.4f}"
    sizes = f"{num_bytes} -> {len(small.data)} bytes ({ratio:.1f}x)"
    return f"{sizes}, {measured}, {small.scale}"


def _record(small: "Small", ratio: float) -> dict[str, Any]:
    height, width = small.size
    finite = small.psnr is not None and math.isfinite(small.psnr)
    return {
        "ratio": ratio,
        "bpp": 8 * len(small.data) / (height * width),
        "width": width,
        "height": height,
        "ssimulacra2": small.ssimulacra2,
        "ms_ssim": small.ms_ssim,
        "psnr": small.psnr if finite else None,
        "scale": small.scale,
        "quality": small.quality,
        "encodes": small.num_encodes,
    }
