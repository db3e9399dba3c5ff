"""A small model on photographs that installed packages carry: minutes on a laptop's CPU.

    python launch.py --config=configs/quick.py --workdir=runs/quick

Eight photographs to train on, two to choose the checkpoint, two to test: 800 steps, two to four
minutes on two cores. On the test photographs the reconstruction should beat the bicubic
enlargement of the same compact image (MS-SSIM about .938 against .933, 24.1 dB against 23.4),
and JPEG at equal bytes in MS-SSIM (.926), but not in PSNR (24.8 dB).
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
    config.model.rec.num_layers = 8
    config.batch_size = 8
    config.num_epochs = 800
    config.logging.every_steps = 10
    config.checkpoints.every_steps = 100
    config.evaluation.every_steps = 200
    return config
