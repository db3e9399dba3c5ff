"""Rate-distortion plots, as SVG and PNG."""

import io
from collections.abc import Sequence
from pathlib import Path

from jaxshrink.atomic import write_whole
from jaxshrink.bench.curves import Curve
from jaxshrink.console import escaped
from jaxshrink.optional import import_extra

_LABEL = 60  # characters: a longer name leaves no room for the plot

TITLES = {
    "ssimulacra2": "SSIMULACRA2",
    "ms-ssim": "MS-SSIM (dB)",
    "psnr": "PSNR (dB)",
    "ssim": "SSIM",
}


def save_plot(curves: Sequence[Curve], metric: str, stem: Path, *, log_rate: bool) -> bool:
    """Writes `stem`.svg and `stem`.png.

    Args:
      curves: those without the metric are left out.
      metric: one of `TITLES`.
      stem: the files' path without their endings.
      log_rate: for a logarithmic axis of rates.

    Returns:
      False, and nothing is written, if no curve has the metric.
    """
    matplotlib = import_extra("matplotlib", "bench")
    matplotlib.use("Agg")
    figure_module = import_extra("matplotlib.figure", "bench")
    lines = [(curve, axis) for curve in curves if (axis := curve.axis(metric)) is not None]
    if not lines:
        return False
    figure = figure_module.Figure(figsize=(7.2, 4.8), layout="constrained")
    axes = figure.subplots()
    for curve, (rates, values) in lines:
        style = "--" if curve.published else "-"
        label = escaped(curve.name)[:_LABEL].replace("$", r"\$")  # which would begin a formula
        axes.plot(rates, values, style, marker="o", markersize=3, linewidth=1.4, label=label)
    axes.set(xlabel="bits per pixel", ylabel=TITLES[metric])
    if log_rate:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    axes.legend()
    for kind in ("svg", "png"):
        file = io.BytesIO()
        figure.savefig(file, format=kind, dpi=150)
        write_whole(stem.with_name(f"{stem.name}.{kind}"), file.getvalue())
    return True
