"""What a config's values must be, checked before anything is done."""

import math
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from ml_collections import ConfigDict

from jaxshrink.codecs import JPEG_TABLES, codec_by_name
from jaxshrink.errors import ConfigError
from jaxshrink.models.settings import MAX_DEPTH, MAX_FEATURES
from jaxshrink.ops.jpeg import SUBSAMPLINGS
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE
from jaxshrink.runs.schema import Codec, Config, Data, Evaluation, Loss, Model, Section

_MAX_INTEGER = 2**62
# Of either network, what they must lie between.
_SIZES = {
    "num_layers": (2, MAX_DEPTH),
    "num_blocks": (0, MAX_DEPTH),
    "coarse_features": (0, MAX_FEATURES),
    "num_coarse_blocks": (0, MAX_DEPTH),
}

_Requirement = tuple[str, bool, str]


def check_config(config: Config) -> None:
    """Refuses a config of this project whose values cannot work.

    Raises:
      ConfigError: naming the field, its value and what it must be.
    """
    _check_numbers(config)
    for field, valid, expected in _requirements(config):
        value: Any = config
        for name in field.split("."):
            value = value[name]
        if not valid:
            raise ConfigError(f"{field}={value!r}: must be {expected}")
    if config.codec.name != JPEG_TABLES:
        codec_by_name(config.codec.name)


_MAY_BE_NONE = ("data.resize", "data.crop", "data.halve_from")


def _check_numbers(config: Section, prefix: str = "") -> None:
    """Refuses None where there must be something, which a locked config takes, and no numbers."""
    for name in config:
        field, value = f"{prefix}{name}", config[name]
        if isinstance(value, ConfigDict):
            _check_numbers(value, f"{field}.")
        elif value is None and field not in _MAY_BE_NONE:
            raise ConfigError(f"{field}=None: must be a value")
        elif isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{field}={value!r}: must be a finite number")
        elif isinstance(value, int) and abs(value) > _MAX_INTEGER:
            raise ConfigError(f"{field}={value!r}: must be at most {_MAX_INTEGER}")


def _requirements(config: Config) -> Iterator[_Requirement]:
    """Yields (field, whether it is valid, what it must be)."""
    yield from _training_requirements(config)
    yield from _data_requirements(config.data)
    yield from _model_requirements(config.model)
    yield from _evaluation_requirements(config.evaluation)
    yield from _loss_requirements(config)
    yield from _codec_requirements(config)
    yield from _features_requirements(config)


def _one_of(field: str, value: Any, *choices: Any) -> _Requirement:
    return field, value in choices, f"one of {', '.join(map(repr, choices))}"


def _choices(section: type, field: str) -> tuple[Any, ...]:
    """What a field's type says that it may be."""
    return get_args(get_type_hints(section)[field])


def _training_requirements(config: Config) -> Iterator[_Requirement]:
    for name in ("batch_size", "num_epochs"):
        yield name, config[name] >= 1, "at least 1"
    yield "seed", 0 <= config.seed < 2**32, "from 0 to 4294967295"
    yield "learning_rate", config.learning_rate > 0, "more than 0"
    yield "epsilon", config.epsilon > 0, "more than 0"
    for name in ("b1", "b2"):
        yield name, 0 <= config[name] < 1, "from 0 to less than 1"
    for name in ("l2", "range_penalty", "clip_norm", "warmup_steps"):
        yield name, config[name] >= 0, "at least 0"
    for section in ("logging", "checkpoints", "evaluation"):
        every = config[section].every_steps
        yield f"{section}.every_steps", every >= 1, "at least 1"
    yield _one_of("schedule", config.schedule, *_choices(Config, "schedule"))
    yield _one_of("compute_dtype", config.compute_dtype, *_choices(Config, "compute_dtype"))


def _data_requirements(data: Data) -> Iterator[_Requirement]:
    for name in ("resize", "crop", "halve_from"):
        yield f"data.{name}", data[name] is None or data[name] >= 1, "at least 1, or None"
    yield "data.max_pixels", data.max_pixels >= 1, "at least 1"
    yield "data.memory_limit", data.memory_limit >= 0, "at least 0"
    yield _one_of("data.on_bad_file", data.on_bad_file, *_choices(Data, "on_bad_file"))


def _model_requirements(model: Model) -> Iterator[_Requirement]:
    yield _one_of("model.architecture", model.architecture, *_choices(Model, "architecture"))
    yield _one_of("model.channels", model.channels, *_choices(Model, "channels"))
    if model.architecture == "residual":
        yield _one_of("model.scale", model["scale"], 1, 2)
        yield _one_of("model.stride", model["stride"], 2, 4)
    for net in ("com", "rec"):
        features = model[net].features
        yield f"model.{net}.features", features >= model.channels, "at least channels"
        yield f"model.{net}.features", features <= MAX_FEATURES, f"at most {MAX_FEATURES}"
        if model.architecture == "paper":
            rate = model[net].dropout_rate
            yield f"model.{net}.dropout_rate", 0 <= rate < 1, "from 0 to less than 1"
    if model.architecture == "paper":
        scale = model.rec["input_scale"]
        yield "model.rec.input_scale", 1e-3 <= scale <= 1e3, "from 0.001 to 1000"
    for net in ("com", "rec"):
        for name, (lowest, highest) in _SIZES.items():
            if name in model[net]:
                fits = lowest <= model[net][name] <= highest
                yield f"model.{net}.{name}", fits, f"from {lowest} to {highest}"


def _evaluation_requirements(evaluation: Evaluation) -> Iterator[_Requirement]:
    yield "evaluation.num_triptychs", evaluation.num_triptychs >= 0, "at least 0"
    yield "evaluation.goal_ms_ssim", 0 <= evaluation.goal_ms_ssim <= 1, "from 0 to 1"
    valid = all(1 <= quality <= 100 for quality in evaluation.qualities)
    yield "evaluation.qualities", valid, "from 1 to 100"


def _loss_requirements(config: Config) -> Iterator[_Requirement]:
    weights = (
        "squared_error",
        "squared_levels",
        "charbonnier",
        "absolute",
        "features",
        "ms_ssim",
        "ssimulacra2",
        "plain_view",
        "plain_colour",
        "rate",
    )
    for name in weights:
        yield f"loss.{name}", config.loss[name] >= 0, "at least 0"
    distortion = any(config.loss[name] for name in weights[:-3])
    for name in ("rate_warmup_steps", "balance"):
        yield f"loss.{name}", config.loss[name] >= 0, "at least 0"
    yield "loss", distortion, "more than zero in one of its distortions"
    yield _one_of("loss.eq3_sign", config.loss.eq3_sign, *_choices(Loss, "eq3_sign"))
    residuals = _choices(Loss, "eq2_residual")
    yield _one_of("loss.eq2_residual", config.loss.eq2_residual, *residuals)
    yield from _switch_requirements(config)
    yield "average_decay", 0 <= config.average_decay < 1, "from 0 to less than 1"
    side = config.data.crop or config.data.resize
    large = not config.loss.ms_ssim or side is None or side >= MS_SSIM_MIN_SIDE
    yield "data.crop", large, f"at least {MS_SSIM_MIN_SIDE} for MS-SSIM in the loss"


def _switch_requirements(config: Config) -> Iterator[_Requirement]:
    """Of the authors' code: its steps are the alternation's, its RecCNN is the paper's."""
    loss = config.loss
    alternates = config.schedule in ("alternating", "overlapped")
    switches = {"eq3_sign": "added", "eq3_levels": False, "eq2_residual": "differentiated"}
    for name, off in switches.items():
        fits = loss[name] == off or (alternates and config.model.architecture == "paper")
        expected = f"{off!r} but for the paper's networks, updated in turn"
        yield f"loss.{name}", fits, expected


def _features_requirements(config: Config) -> Iterator[_Requirement]:
    features, model, net = config.features, config.model, config.model.rec
    used = config.loss.features > 0 or features.initialize
    yield "features.file", bool(features.file) or not used, "a file of VGG's weights"
    yield "features.layers", len(features.layers) > 0 or not used, "a layer or more"
    fits = model.architecture == "paper" and model.channels == 3
    fits = fits and net["features"] == 64 and net["num_layers"] >= 3
    expected = "False but for the paper's RecCNN of colour with 64 features and 3 layers or more"
    yield "features.initialize", fits or not features.initialize, expected
    both = bool(config.init) and features.initialize
    yield "features.initialize", not both, "False where init names weights"


def _codec_requirements(config: Config) -> Iterator[_Requirement]:
    codec, model = config.codec, config.model
    told = codec.name == JPEG_TABLES
    yield "codec.quality", 1 <= codec.quality <= 100, "from 1 to 100"
    ordered = len(codec.qualities) in (0, 2) and list(codec.qualities) == sorted(codec.qualities)
    in_range = all(1 <= quality <= 100 for quality in codec.qualities)
    yield "codec.qualities", ordered and in_range, "empty, or two in 1..100, the lower one first"
    only_told = told or not codec.qualities
    yield "codec.qualities", only_told, f"empty for a codec other than {JPEG_TABLES!r}"
    yield _one_of("codec.model", codec.model, *_choices(Codec, "model"))
    yield _one_of("codec.tables", codec.tables, *_choices(Codec, "tables"))
    learnable = told and model.architecture == "residual"
    expected = f"'standard' but for a residual model and codec.name={JPEG_TABLES!r}"
    yield "codec.tables", codec.tables == "standard" or learnable, expected
    yield "codec.subsampling", codec.subsampling in SUBSAMPLINGS, f"one of {SUBSAMPLINGS}"
