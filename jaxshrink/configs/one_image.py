"""The paper's sanity check (section 4.4): can the networks overfit a single image?

    python launch.py --config=configs/one_image.py

Exits with code 6 unless MS-SSIM reaches 0.97 on that image, through the real JPEG. A smaller
RecCNN and 176x176 pixels bring it within minutes on a CPU, .9876 after 600 steps; a high JPEG
quality, because at a low one the codec, not the networks, sets the limit; half the paper's learning
rate, because a batch of one is noisy. The paper saw exaggerated residuals here.
"""

import ml_collections

from configs import paper


def get_config() -> ml_collections.ConfigDict:
    config = paper.get_config()
    for cohort in ("train", "dev", "test"):
        config.data[cohort] = "packaged:astronaut.png"
    config.data.resize = 176
    config.model.com.features = 32
    config.model.rec.features = 32
    config.model.rec.num_layers = 8
    config.codec.quality = 95
    config.batch_size = 1
    config.num_epochs = 600
    config.learning_rate = 5e-4
    config.logging.every_steps = 20
    config.checkpoints.every_steps = 200
    config.evaluation.every_steps = 100
    config.evaluation.goal_ms_ssim = 0.97
    return config
