"""Reproduces figures of the weights that Jiang et al. 2017 published, with our own modules.

    python -m benchmarks.jiang2017 JIANG2017

JIANG2017 holds ComCNN_QF=50.mat, RecCNN_QF=50.mat and classic5/. The table is set beside what an
independent program (PyTorch, Pillow 13) measured from the same weights; agreement shows that the
modules, the enlargement, the codec and the metrics are right. Exits with 1 if it does not hold:
PSNR within 0.05 dB, MS-SSIM within 0.0005, bits per pixel within 1 %.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from jaxshrink.codecs import codec_by_name
from jaxshrink.data import open_cohort
from jaxshrink.errors import JaxshrinkError
from jaxshrink.evaluation.measure import measure_model
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.models.jiang2017 import load_jiang2017


class Figures(NamedTuple):
    bpp: float
    bicubic_psnr: float
    psnr: float
    ms_ssim: float


# (image, quality) -> measured independently.
EXPECTED = {
    ("lena", 50): Figures(0.237, 31.23, 33.11, 0.9802),
    ("lena", 10): Figures(0.084, 27.38, 28.17, 0.9236),
    ("peppers", 50): Figures(0.232, 31.39, 33.11, 0.9790),
    ("boats", 50): Figures(0.287, 28.32, 29.68, 0.9714),
    ("baboon", 50): Figures(0.373, 23.67, 24.56, 0.9461),
    ("barbara", 50): Figures(0.284, 24.67, 24.21, 0.9621),
}


def measure(folder: Path) -> dict[tuple[str, int], Figures]:
    """Measures every row of `EXPECTED`."""
    networks, variables = load_jiang2017(folder / "ComCNN_QF=50.mat", folder / "RecCNN_QF=50.mat")
    pipeline = Pipeline(networks, variables)
    codec = codec_by_name("jpeg-optimized")
    measured = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        cohort = open_cohort(str(folder / "classic5"), pool, channels=1)
        for quality in sorted({quality for _, quality in EXPECTED}):
            for result in measure_model(pipeline, cohort, codec, quality, pool):
                model, bicubic = result.model, result.bicubic
                assert model.ms_ssim is not None
                measured[cohort.paths[result.index].stem, quality] = Figures(
                    model.bpp, bicubic.psnr, model.psnr, model.ms_ssim
                )
    return {row: measured[row] for row in EXPECTED}


def agree(measured: Figures, expected: Figures) -> bool:
    """Whether two rows agree within the tolerances above and the rounding of `EXPECTED`."""
    return (
        abs(measured.bpp - expected.bpp) <= 0.01 * expected.bpp
        and abs(measured.bicubic_psnr - expected.bicubic_psnr) <= 0.05
        and abs(measured.psnr - expected.psnr) <= 0.05
        and abs(measured.ms_ssim - expected.ms_ssim) <= 0.0005
    )


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        measured = measure(Path(sys.argv[1]))
    except JaxshrinkError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    titles = f"{'bpp':>6} {'bicubic':>8} {'PSNR':>6} {'MS-SSIM':>8}"
    print(f"{'image':<10}{'quality':>7} | {titles} | expected")
    for (image, quality), row in measured.items():
        expected = EXPECTED[image, quality]
        figures = f"{row.bpp:6.3f} {row.bicubic_psnr:8.2f} {row.psnr:6.2f} {row.ms_ssim:8.4f}"
        wanted = " ".join(f"{figure:g}" for figure in expected)
        verdict = "" if agree(row, expected) else "  DIFFERS"
        print(f"{image:<10}{quality:>7} | {figures} | {wanted}{verdict}")
    return 0 if all(agree(row, EXPECTED[key]) for key, row in measured.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
