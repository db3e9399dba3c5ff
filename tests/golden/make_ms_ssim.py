"""Writes ms_ssim.json: MS-SSIM and SSIM of real photographs as pytorch-msssim computes them.

    pip install torch pytorch-msssim==1.0.0 && python tests/golden/make_ms_ssim.py

The tests read the JSON only; neither package is needed to run them.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs

# photograph, channels, height, width, standard deviation of the noise in levels
CASES = (
    ("astronaut.png", 3, 512, 512, 4.0),
    ("astronaut.png", 3, 512, 512, 40.0),
    ("astronaut.png", 3, 161, 333, 12.0),
    ("china.jpg", 3, 427, 640, 12.0),
    ("chelsea.png", 3, 181, 162, 25.0),
    ("camera.png", 1, 512, 512, 8.0),
    ("coins.png", 1, 303, 161, 60.0),
)


def pair(name: str, channels: int, height: int, width: int, deviation: float):
    """A crop of a photograph and the same with rounded noise: uint8, (H, W, C)."""
    image = read_image(packaged_photographs(name)[0], channels, 10**6)[:height, :width]
    noise = np.random.default_rng(0).normal(0.0, deviation, image.shape)
    return image, np.clip(np.round(image + noise), 0, 255).astype(np.uint8)


def main() -> None:
    import torch
    from pytorch_msssim import ms_ssim, ssim

    def tensor(image: np.ndarray) -> "torch.Tensor":
        return torch.tensor(image.transpose(2, 0, 1)[None]).double()

    rows = []
    for case in CASES:
        a, b = map(tensor, pair(*case))
        options = {"data_range": 255.0}
        rows.append(
            {
                "case": case,
                "ms_ssim": ms_ssim(a, b, **options).item(),
                "ssim": ssim(a, b, **options).item(),
            }
        )
    made_by = f"pytorch-msssim {version('pytorch-msssim')}, float64"
    path = Path(__file__).with_name("ms_ssim.json")
    path.write_text(json.dumps({"made_by": made_by, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
