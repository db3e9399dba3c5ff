"""Values that cannot work are refused before anything is done."""

import math
import re

import pytest

from configs import paper, paper_variants, quick
from jaxshrink.errors import ConfigError
from jaxshrink.runs.config import check_config


@pytest.mark.parametrize("module", [paper, paper_variants, quick])
def test_the_configs_are_good(module):
    check_config(module.get_config())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1),
        ("seed", 2**32),
        ("seed", None),
        ("batch_size", None),
        ("batch_size", 10**30),
        ("learning_rate", 0.0),
        ("learning_rate", math.nan),
        ("learning_rate", None),
        ("b1", 1.0),
        ("b2", -0.1),
        ("epsilon", 0.0),
        ("l2", -1.0),
        ("clip_norm", -1.0),
        ("clip_norm", math.inf),
        ("warmup_steps", -1),
        ("range_penalty", -1.0),
        ("loss.squared_error", math.inf),
        ("loss.rate_warmup_steps", -1),
        ("loss.absolute", -1.0),
        ("loss.features", -1.0),
        ("loss.eq3_sign", "subtracted"),
        ("loss.eq2_residual", "none"),
        ("model.rec.input_scale", 0.0),
        ("data.max_pixels", 0),
        ("data.memory_limit", -1),
        ("data.halve_from", 0),
        ("data.train", None),
        ("model.rec.num_layers", 1),
        ("model.rec.num_layers", 20_000),
        ("model.com.features", 10**9),
        ("evaluation.num_triptychs", -1),
        ("evaluation.goal_ms_ssim", 1.5),
        ("evaluation.goal_ms_ssim", math.nan),
    ],
)
def test_what_cannot_work_is_refused_and_named(field, value):
    config = paper.get_config()
    place = config
    *sections, name = field.split(".")
    for section in sections:
        place = place[section]
    with place.ignore_type():
        place[name] = value
    with pytest.raises(ConfigError, match=f"^{field}=".replace(".", r"\.")):
        check_config(config.lock())


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"loss.features": 1.0}, "features.file='': must be a file of VGG's weights"),
        (
            {"loss.features": 1.0, "features.file": "a.npz", "features.layers": ()},
            "features.layers=",
        ),
        ({"features.initialize": True, "features.file": "a.npz", "init": "photo3"}, "init names"),
        (
            {"features.initialize": True, "features.file": "a.npz", "model.channels": 1},
            "features.initialize=True: must be False but for the paper's RecCNN of colour",
        ),
        ({"loss.eq3_sign": "printed", "schedule": "joint"}, "loss.eq3_sign='printed': must be"),
        ({"loss.eq2_residual": "constant", "schedule": "joint"}, "loss.eq2_residual='constant'"),
        ({"loss.eq3_levels": True, "schedule": "decoder_only"}, "loss.eq3_levels=True: must be"),
    ],
)
def test_switches_that_do_not_go_together_are_refused(overrides, message):
    config = paper.get_config()
    config.update_from_flattened_dict(overrides)
    with pytest.raises(ConfigError, match=re.escape(message)):
        check_config(config.lock())


def test_the_switches_of_the_authors_code_go_together():
    check_config(paper_variants.get_config("reproduction_target_255").lock())
