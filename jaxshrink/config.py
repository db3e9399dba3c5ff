"""What a config's values must be, checked before anything is done."""

from collections.abc import Iterator
from typing import Any

from jaxshrink.errors import ConfigError


def check_config(config: Any) -> None:
    """Refuses a config of this project whose values cannot work.

    Raises:
      ConfigError: naming the field, its value and what it must be.
    """
    for field, valid, expected in _requirements(config):
        value = config
        for name in field.split("."):
            value = value[name]
        if not valid:
            raise ConfigError(f"{field}={value!r}: must be {expected}")


def _requirements(config: Any) -> Iterator[tuple[str, bool, str]]:
    """Yields (field, whether it is valid, what it must be)."""

    def one_of(field: str, value: Any, *choices: Any) -> tuple[str, bool, str]:
        return field, value in choices, f"one of {', '.join(map(repr, choices))}"

    def qualities(field: str, *values: int) -> tuple[str, bool, str]:
        return field, all(1 <= v <= 100 for v in values), "from 1 to 100"

    data, model, evaluation = config.data, config.model, config.evaluation
    for name in ("batch_size", "num_epochs"):
        yield name, config[name] >= 1, "at least 1"
    for section in ("logging", "checkpoints", "evaluation"):
        every = config[section].every_steps
        yield f"{section}.every_steps", every >= 1, "at least 1"
    yield one_of("schedule", config.schedule, "alternating", "overlapped", "joint", "decoder_only")
    yield one_of("compute_dtype", config.compute_dtype, "float32", "bfloat16")
    for name in ("resize", "crop"):
        yield f"data.{name}", data[name] is None or data[name] >= 1, "at least 1, or None"
    yield one_of("data.on_bad_file", data.on_bad_file, "refuse", "skip")
    yield one_of("model.channels", model.channels, 1, 3)
    if model.architecture == "paper":
        yield "model.rec.num_layers", model.rec.num_layers >= 2, "at least 2"
    for net in ("com", "rec"):
        yield f"model.{net}.features", model[net].features >= model.channels, "at least channels"
        if model.architecture == "paper":
            rate = model[net].dropout_rate
            yield f"model.{net}.dropout_rate", 0 <= rate < 1, "from 0 to less than 1"
    yield qualities("codec.quality", config.codec.quality)
    yield qualities("evaluation.qualities", *evaluation.qualities)
