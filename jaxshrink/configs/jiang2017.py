"""The grayscale system of Jiang et al. 2017, in the paper's framework.

    python launch.py --config=configs/jiang2017.py --config.data.root=JIANG2017

JIANG2017 holds train400/, the 400 images of 180x180 that they (and DnCNN) trained on, set12/ and
classic5/. Batch norm in RecCNN, symmetric padding, JPEG quality 50, as in their published
weights; 40x40 patches in batches of 64. Where their recipe has a schedule of its own, ours keeps
the paper's Adam. `benchmarks/jiang2017.py` measures their published weights instead: 33.11 dB
and .9802 on lena at quality 50 is what to aim for.

Cost: 50 epochs of 25600 patches each are 20000 steps, for an accelerator.
"""

import ml_collections

from configs import paper


def get_config() -> ml_collections.ConfigDict:
    config = paper.get_config()
    config.data.root = "data/jiang2017"
    config.data.train = config.data.get_ref("root") + "/train400"
    config.data.dev = config.data.get_ref("root") + "/set12"
    config.data.test = config.data.get_ref("root") + "/classic5"
    config.data.resize = None
    config.data.crop = 40
    config.data.flip = True
    config.model.channels = 1
    config.model.com.symmetric_padding = True
    config.model.rec.batch_norm = True
    config.batch_size = 64
    # An epoch is one patch of every image.
    config.num_epochs = 50 * 64
    config.logging.every_steps = 50
    config.checkpoints.every_steps = 500
    config.evaluation.every_steps = 500
    return config
