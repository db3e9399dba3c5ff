"""Trained with the codec in mind, for all qualities: the models that the package ships.

    python launch.py --config=configs/codec_aware.py --config.data.root=DATA
    python launch.py --config=configs/codec_aware.py:full --config.data.root=DATA

The first trains the half-size model, the second the full-size one. DATA holds
food5k/, bsds500/ and cid22/.
"""

import ml_collections

from configs import paper


def get_config(scale: str = "half") -> ml_collections.ConfigDict:
    config = paper.get_config()
    config.schedule = "joint"
    config.batch_size = 4
    config.num_epochs = 20
    config.learning_rate = 1e-3
    config.warmup_steps = 200
    config.cosine_decay = True
    config.clip_norm = 1.0
    config.average_decay = 0.998
    config.range_penalty = 10.0

    config.loss.squared_error = 0.0
    config.loss.squared_levels = 0.01
    config.loss.ms_ssim = 20.0
    config.loss.ssimulacra2 = 0.03
    config.loss.plain_view = 0.35
    config.loss.plain_colour = 0.1
    config.loss.rate = 0.006
    config.loss.rate_warmup_steps = 500
    config.loss.balance = 0.5

    root = config.data.get_ref("root")
    config.data.root = "data"
    bsds500 = root + "/bsds500/train," + root + "/bsds500/test,"
    config.data.train = root + "/food5k/train," + bsds500 + root + "/cid22/train"
    config.data.dev = root + "/food5k/dev"
    config.data.test = root + "/food5k/test"
    config.data.resize = None
    config.data.halve_from = 520
    config.data.crop = 250  # the smallest photograph's; SSIMULACRA2's six scales need 249
    config.data.flip = True

    config.model = ml_collections.ConfigDict()
    config.model.architecture = "residual"
    config.model.channels = 3
    config.model.scale = {"half": 2, "full": 1}[scale]
    config.model.stride = 2
    config.model.com = ml_collections.ConfigDict()
    config.model.com.features = 32
    config.model.com.num_blocks = 1
    config.model.com.coarse_features = 64
    config.model.com.num_coarse_blocks = 1
    config.model.rec = ml_collections.ConfigDict()
    config.model.rec.features = 32
    config.model.rec.num_blocks = 2
    config.model.rec.coarse_features = 64
    config.model.rec.num_coarse_blocks = 3

    config.codec.name = "jpeg-tables"
    # Half size is for low rates, full size for high ones.
    config.codec.qualities = {"half": (1, 60), "full": (20, 100)}[scale]
    config.codec.model = "jpeg"
    config.codec.tables = "learned"
    config.evaluation.qualities = (20, 80)
    config.evaluation.every_steps = 5000
    config.evaluation.num_triptychs = 2
    config.evaluation.after_training = False
    config.checkpoints.every_steps = 250
    config.logging.every_steps = 50
    return config
