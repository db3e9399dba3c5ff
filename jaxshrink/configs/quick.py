"""A small model on photographs that installed packages carry: minutes on a laptop's CPU.

    python launch.py --config=configs/quick.py --workdir=runs/quick

Eight photographs to train on, two to choose the checkpoint, two to test; 800 steps, one to two
minutes on two cores. On the test photographs the reconstruction beats the bicubic enlargement of
the same compact image and JPEG at equal bytes; the README has the table. A RecCNN of five layers
and half the paper's learning rate get there in so few steps.
"""

import ml_collections

from configs import paper


def get_config() -> ml_collections.ConfigDict:
    config = paper.get_config()
    config.data.train = "packaged:train"
    config.data.dev = "packaged:dev"
    config.data.test = "packaged:test"
    config.data.resize = None
    config.data.crop = 40
    config.data.flip = True
    config.model.com.features = 32
    config.model.rec.features = 32
    config.model.rec.num_layers = 5
    config.batch_size = 8
    config.num_epochs = 800
    config.learning_rate = 5e-4
    config.logging.every_steps = 10
    config.checkpoints.every_steps = 100
    config.evaluation.every_steps = 200
    return config
