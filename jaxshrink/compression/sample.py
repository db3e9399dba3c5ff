"""A part of a large photograph that stands for the whole."""

import numpy as np

_BLOCK, _BLOCKS = 256, 2  # a mosaic of 2 x 2 blocks
_CODEC_GRID = 16  # also 2**4: MS-SSIM halves a side four times


def mosaic(x: np.ndarray) -> np.ndarray:
    """A mosaic of blocks from all over a photograph, uint8 (H, W, C), on the codec's grid.

    Its sides leave the same remainders: where MS-SSIM halves an odd side, it averages other pairs
    of pixels than at an even one. The networks are less good at those, JPEG is not, so that an even
    sample would promise too much.
    """
    rng = np.random.default_rng(0)
    last = [max(0, side - _BLOCK) // _CODEC_GRID for side in x.shape[:2]]

    def cut() -> np.ndarray:
        row, column = (_CODEC_GRID * int(rng.integers(most + 1)) for most in last)
        return x[row : row + _BLOCK, column : column + _BLOCK]

    rows = [np.concatenate([cut() for _ in range(_BLOCKS)], 1) for _ in range(_BLOCKS)]
    whole = np.concatenate(rows)
    height, width = (
        side - (side - original) % _CODEC_GRID
        for side, original in zip(whole.shape[:2], x.shape[:2], strict=True)
    )
    return whole[:height, :width]
