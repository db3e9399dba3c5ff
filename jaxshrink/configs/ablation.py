"""What each part of codec-aware training is worth: small models, minutes each on one core.

    python launch.py --config=configs/ablation.py:base --config.data.root=DATA

Where a row differs from `base` is all in `_ROWS`. DATA as in `configs/codec_aware.py`; give each
run its own --workdir. `docs/models.md` has the commands and the table.
"""

import ml_collections

from configs import codec_aware

_STANDARD = {"codec.tables": "standard", "codec.qualities": (4, 60)}
_ROWS = {
    "base": {},
    "full": {},
    # Libjpeg's tables. The rows below have them, too: without the JPEG's model in ComCNN's update,
    # nothing tells it what a table costs.
    "standard_tables": _STANDARD,
    "unconditioned": {"model.com.conditioned": False, "model.rec.conditioned": False},
    "alternating": {"schedule": "alternating", **_STANDARD},
    "identity": {
        "schedule": "alternating",
        "codec.model": "identity",
        "loss.rate_warmup_steps": 0,
        **_STANDARD,
    },
    "chroma_444": {"codec.subsampling": "4:4:4"},
    # As many operations in RecCNN: wider, not deeper.
    "wide": {"model.rec.features": 24, "model.rec.num_blocks": 1},
    "no_plain_view": {"loss.plain_view": 0.0},
    "no_ssimulacra2": {"loss.ssimulacra2": 0.0, "loss.ms_ssim": 120.0},
    # As many operations without the blocks at a coarser resolution; the trunk at a quarter.
    "no_coarse": {
        "model.com.num_coarse_blocks": 0,
        "model.rec.num_coarse_blocks": 0,
        "model.com.num_blocks": 2,
        "model.rec.num_blocks": 4,
    },
    "quarter": {"model.stride": 4, "model.com.features": 32, "model.rec.features": 32},
    "decoder_only": {"schedule": "decoder_only", **_STANDARD},
}


def get_config(row: str = "base") -> ml_collections.ConfigDict:
    config = codec_aware.get_config("full" if row == "full" else "half")
    config.batch_size = 2
    root = config.data.get_ref("root")
    config.data.train = root + "/bsds500/train," + root + "/bsds500/test"
    config.data.crop = 176
    config.num_epochs = 2
    config.warmup_steps = 50
    config.loss.rate_warmup_steps = 100
    config.model.com.features = config.model.rec.features = 16
    config.model.com.coarse_features = config.model.rec.coarse_features = 32
    config.evaluation.qualities = ()
    config.evaluation.every_steps = 10000
    config.evaluation.num_triptychs = 0
    config.update_from_flattened_dict(_ROWS[row])
    return config
