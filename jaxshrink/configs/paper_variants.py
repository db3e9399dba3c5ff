"""The experiments that the paper made, proposed or left open, one switch each.

    python launch.py --config=configs/paper_variants.py:dropout_0.3 --config.data.root=FOOD5K

Where a row differs from `configs/paper.py` is all in `_ROWS`; FOOD5K, cost and full size as there.
`python -m benchmarks.variants` trains every row at a reduced size, and docs/experiments.md has the
table and what follows from it. `features_loss` and `features_start` need
--config.features.file=VGG, see `jaxshrink/models/vgg.py`.
"""

from typing import Any

import ml_collections

from configs import paper

# How the authors' published code differs from their paper.
_AUTHORS: dict[str, Any] = {
    "loss.eq3_sign": "printed",
    "model.rec.input_scale": 255.0,
    "loss.eq2_residual": "constant",
    "codec.quality": 95,
}
_ROWS: dict[str, dict[str, Any]] = {
    "plain": {},
    "printed_sign": {"loss.eq3_sign": "printed"},
    "input_255": {"model.rec.input_scale": 255.0},
    "target_255": {"model.rec.input_scale": 255.0, "loss.eq3_levels": True},
    "constant_residual": {"loss.eq2_residual": "constant"},
    "quality_95": {"codec.quality": 95},
    "reproduction": _AUTHORS,
    "reproduction_target_255": {**_AUTHORS, "loss.eq3_levels": True},
    "l2_0.001": {"l2": 0.001},
    "l2_0.01": {"l2": 0.01},
    "l2_0.1": {"l2": 0.1},
    "dropout_0.1": {"model.rec.dropout_rate": 0.1},
    "dropout_0.3": {"model.rec.dropout_rate": 0.3},
    "dropout_0.5": {"model.rec.dropout_rate": 0.5},
    "batch_norm_rec": {"model.rec.batch_norm": True},
    "batch_norm_both": {"model.com.batch_norm": True, "model.rec.batch_norm": True},
    "l1": {"loss.squared_error": 0.0, "loss.absolute": 1.0},
    "charbonnier": {"loss.squared_error": 0.0, "loss.charbonnier": 1.0},
    "grayscale": {"model.channels": 1},
    "features_loss": {"loss.features": 1.0},
    "features_start": {"features.initialize": True},
}
NAMES = tuple(_ROWS)


def get_config(row: str = "plain") -> ml_collections.ConfigDict:
    config = paper.get_config()
    if row not in _ROWS:
        raise ValueError(f"no row {row!r} in configs/paper_variants.py: {', '.join(NAMES)}")
    config.update_from_flattened_dict(_ROWS[row])
    return config
