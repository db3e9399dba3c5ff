"""A small model on photographs that installed packages carry: minutes on a laptop's CPU.

    python launch.py --config=configs/quick.py --workdir=runs/quick

Eight photographs to train on, two to choose the checkpoint, two to test. After training it
evaluates. The reconstruction should beat the bicubic enlargement of the same compact image by
far; eight photographs and a few hundred steps do not make a model that beats JPEG.
"""

import ml_collections

from configs import paper


def get_config() -> ml_collections.ConfigDict:
    config = paper.get_config()
    config.data.train = "packaged:train"
    config.data.dev = "packaged:dev"
    config.data.test = "packaged:test"
    config.data.resize = None
    config.data.crop = 64
    config.data.flip = True
    config.model.com.features = 32
    config.model.rec.features = 32
    config.model.rec.num_layers = 8
    config.training.batch_size = 8
    config.training.num_epochs = 400
    config.logging.every_steps = 10
    config.checkpoints.every_steps = 100
    config.evaluation.every_steps = 200
    return config
