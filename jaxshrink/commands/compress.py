"""`jaxshrink compress`."""

import argparse
import dataclasses
import functools
from typing import TYPE_CHECKING

from jaxshrink.commands import arguments as shared
from jaxshrink.commands.batch import Output, run_batch
from jaxshrink.commands.paths import Job, plan
from jaxshrink.commands.shipped import DEFAULT_MODEL
from jaxshrink.errors import ConfigError, DataError

if TYPE_CHECKING:
    from jaxshrink.compressor import Compressor
    from jaxshrink.photographs import Metadata, Photograph
    from jaxshrink.search import Found, Options, Target

_DEFAULT_QUALITY = 75
_SCALES = {"half": 2, "full": 1, "plain": 0}
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
    add("--strip", action="store_true", help="leave EXIF, XMP and the colour profile out")
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
    add("--target-size", type=shared.positive, metavar="BYTES", help="at most so many bytes")
    add("--target-bpp", type=shared.above_zero, metavar="BPP", help="at most so many per pixel")
    add("--target-msssim", type=shared.above_zero, metavar="X", help="at least this MS-SSIM")
    add("--target-psnr", type=shared.above_zero, metavar="DB", help="at least this PSNR")


def _run(arguments: argparse.Namespace) -> None:
    suffix = _SUFFIXES[arguments.codec]
    jobs = plan(
        arguments.inputs,
        arguments.output,
        arguments.folder,
        recursive=arguments.recursive,
        suffix_of=lambda source: suffix,
    )
    from jaxshrink.photographs import REFUSE, is_color

    if arguments.background != REFUSE and not is_color(arguments.background):
        raise ConfigError(f"--background {arguments.background}: no such colour")
    from jaxshrink.commands.device import start_jax
    from jaxshrink.compressor import Compressor

    start_jax(arguments.device)
    compressor = Compressor.load(arguments.model or DEFAULT_MODEL)
    compressor.set_tile(arguments.tile)
    work = functools.partial(_compress, compressor, arguments)
    run_batch(jobs, work, shared.manners_of(arguments))


def _compress(compressor: "Compressor", arguments: argparse.Namespace, job: Job) -> Output:
    from jaxshrink.photographs import Metadata, fitting, read_photograph
    from jaxshrink.search import search

    original = job.read()
    photograph = read_photograph(
        original, max_pixels=arguments.max_pixels, background=arguments.background
    )
    metadata = Metadata() if arguments.strip else photograph.metadata
    if arguments.codec == "jpeg":
        metadata, notes = fitting(metadata)
        photograph = dataclasses.replace(photograph, notes=(*photograph.notes, *notes))
    extra = _extra_bytes(metadata, arguments.codec)
    options = _options(compressor, arguments, extra)
    _check_size(photograph, arguments.codec)
    found = search(compressor, photograph.pixels, _target(arguments), options)
    data = _with_metadata(found, photograph, metadata)
    return _output(job, original, data, photograph, found)


def _target(arguments: argparse.Namespace) -> "Target":
    from jaxshrink.search import Target

    target = Target(
        quality=arguments.quality,
        size=arguments.target_size,
        bpp=arguments.target_bpp,
        ms_ssim=arguments.target_msssim,
        psnr=arguments.target_psnr,
    )
    return Target(quality=_DEFAULT_QUALITY) if target == Target() else target


def _options(
    compressor: "Compressor", arguments: argparse.Namespace, extra_bytes: int
) -> "Options":
    from jaxshrink.search import Options

    forced = arguments.scale is not None
    scales = (_SCALES[arguments.scale],) if forced else compressor.scales
    if not set(scales) <= set(compressor.scales):
        raise ConfigError(f"--scale {arguments.scale}: the model has no networks for it")
    return Options(scales, arguments.effort, arguments.codec, extra_bytes, never_worse=not forced)


def _check_size(photograph: "Photograph", codec: str) -> None:
    longest = {"jpeg": 65535, "webp": 16383, "avif": 65535}[codec]
    height, width = photograph.pixels.shape[:2]
    if max(height, width) > longest:
        raise DataError(f"{width}x{height}: {codec} holds sides of at most {longest} pixels")


def _extra_bytes(metadata: "Metadata", codec: str) -> int:
    """What metadata will add to a file."""
    from jaxshrink.photographs import Metadata, add_metadata

    if metadata == Metadata():
        return 0
    if codec == "avif":
        raise DataError("has metadata, which we cannot put into an AVIF: --strip leaves it out")
    empty = {
        "jpeg": b"\xff\xd8",
        "webp": b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(10),
    }[codec]
    return len(add_metadata(empty, metadata, (1, 1))) - len(empty) + 64 * (codec != "jpeg")


def _with_metadata(found: "Found", photograph: "Photograph", metadata: "Metadata") -> bytes:
    from jaxshrink.photographs import Metadata, add_metadata

    if metadata == Metadata():
        return found.data
    height, width = photograph.pixels.shape[:2]
    scale = found.scale or 1
    return add_metadata(found.data, metadata, (-(-height // scale), -(-width // scale)))


def _output(
    job: Job, original: bytes, data: bytes, photograph: "Photograph", found: "Found"
) -> Output:
    height, width = photograph.pixels.shape[:2]
    scale = next(name for name, scale in _SCALES.items() if scale == found.scale)
    likeness = found.similarity
    ms_ssim = likeness.ms_ssim
    measured = f"PSNR {likeness.psnr:.2f} dB" if ms_ssim is None else f"MS-SSIM {ms_ssim:.4f}"
    ratio = len(original) / len(data)
    line = (
        f"{job.name} -> {job.target or 'standard output'}: {len(original)} -> {len(data)} bytes"
        f" ({ratio:.1f}x), {measured}, {scale}"
    )
    record = {
        "input": job.name,
        "output": None if job.target is None else str(job.target),
        "bytes_before": len(original),
        "bytes_after": len(data),
        "ratio": ratio,
        "bpp": 8 * len(data) / (height * width),
        "width": width,
        "height": height,
        "ms_ssim": ms_ssim,
        "psnr": likeness.psnr if likeness.psnr != float("inf") else None,
        "scale": scale,
        "quality": found.quality,
        "encodes": found.num_encodes,
        "notes": list(photograph.notes),
    }
    notes = "".join(f"; {note}" for note in photograph.notes)
    return Output(data, line + notes, record)
