"""`jaxshrink compress`."""

import argparse
import functools
import math
from typing import TYPE_CHECKING, Any

from jaxshrink.commands import arguments as shared
from jaxshrink.commands.batch import Output, run_batch
from jaxshrink.commands.paths import Job
from jaxshrink.commands.shipped import DEFAULT_MODEL
from jaxshrink.errors import ConfigError

if TYPE_CHECKING:
    from jaxshrink.tool import Model, Small

_DEFAULT_QUALITY = 75
_SCALES = {"half": 2, "full": 1, "plain": 0}
_NAMES = {scale: name for name, scale in _SCALES.items()}
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
    add("--scale", choices=tuple(_SCALES), help="force one (default: the best is kept)")
    add("--codec", choices=tuple(_SUFFIXES), default="jpeg", help="(default: %(default)s)")
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
        help="the fewest bytes that look as good as optimized JPEG at quality N, by MS-SSIM"
        f" (default: {_DEFAULT_QUALITY})",
    )
    add("--target-size", type=shared.size, metavar="BYTES", help="at most so many: 20k, 1.5M")
    add("--target-bpp", type=shared.above_zero, metavar="BPP", help="at most so many per pixel")
    add("--target-msssim", type=shared.above_zero, metavar="X", help="at least this MS-SSIM")
    add("--target-psnr", type=shared.above_zero, metavar="DB", help="at least this PSNR")


def _run(arguments: argparse.Namespace) -> None:
    suffix = _SUFFIXES[arguments.codec]
    jobs = shared.plan_of(arguments, lambda source: suffix)
    from jaxshrink.photographs import REFUSE, is_color

    if arguments.background != REFUSE and not is_color(arguments.background):
        raise ConfigError(f"--background {arguments.background}: no such colour")
    from jaxshrink.commands.device import start_jax
    from jaxshrink.tool import Model

    start_jax(arguments.device)
    model = Model.load(arguments.model or DEFAULT_MODEL)
    model.compressor.set_tile(arguments.tile)
    scale = _SCALES.get(arguments.scale)
    if scale is not None and scale not in model.compressor.scales:
        raise ConfigError(f"--scale {arguments.scale}: the model has no networks for it")
    work = functools.partial(_compress, model, arguments)
    run_batch(jobs, work, shared.manners_of(arguments))


def _compress(model: "Model", arguments: argparse.Namespace, job: Job) -> Output:
    original = job.read()
    small = model.compress(
        original,
        quality=arguments.quality,
        target_size=arguments.target_size,
        target_bpp=arguments.target_bpp,
        target_ms_ssim=arguments.target_msssim,
        target_psnr=arguments.target_psnr,
        effort=arguments.effort,
        scale=_SCALES.get(arguments.scale),
        codec=arguments.codec,
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
        notes=small.notes,
    )


def _text(num_bytes: int, small: "Small", ratio: float) -> str:
    if small.ms_ssim is None:
        measured = f"PSNR {small.psnr:.2f} dB"
    else:
        measured = f"MS-SSIM {small.ms_ssim:.4f}"
    sizes = f"{num_bytes} -> {len(small.data)} bytes ({ratio:.1f}x)"
    return f"{sizes}, {measured}, {_NAMES[small.scale]}"


def _record(small: "Small", ratio: float) -> dict[str, Any]:
    height, width = small.size
    return {
        "ratio": ratio,
        "bpp": 8 * len(small.data) / (height * width),
        "width": width,
        "height": height,
        "ms_ssim": small.ms_ssim,
        "psnr": small.psnr if math.isfinite(small.psnr) else None,
        "scale": _NAMES[small.scale],
        "quality": small.quality,
        "encodes": small.num_encodes,
    }
