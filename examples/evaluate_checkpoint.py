"""Restores the best checkpoint of a training run, and scores it on photographs.

    python examples/evaluate_checkpoint.py RUN PHOTOGRAPHS..

RUN is a working directory of launch.py. Every photograph goes through the real codec.
"""

import sys
from pathlib import Path

import ml_collections
import numpy as np

from jaxshrink.codecs import bits_per_pixel
from jaxshrink.data import read_image
from jaxshrink.evaluation.metrics import image_scores
from jaxshrink.runs import workdir
from jaxshrink.runs.restore import codec_of, load_pipeline


def main(run: Path, photographs: list[Path]) -> None:
    config = ml_collections.ConfigDict(workdir.read_config(run))
    pipeline = load_pipeline(config, run)
    codec, quality = codec_of(config, pipeline), config.codec.quality
    for path in photographs:
        x = read_image(path, pipeline.channels, max_pixels=10**8)
        y = pipeline.compact(x[None])[0]
        data = codec.encode(y, quality)
        y_hat = codec.decode(data, pipeline.channels)
        x_hat = pipeline.reconstruct(np.asarray(y_hat)[None], x.shape[:2])
        scores = image_scores(x[None], x_hat, ("ms-ssim", "psnr"))
        print(
            f"{path.name}: {bits_per_pixel(len(data), x.shape[:2]):.3f} bpp,"
            f" MS-SSIM {scores['ms-ssim'][0]:.4f}, PSNR {scores['psnr'][0]:.2f} dB"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
