"""What a config and its working directory stand for: networks, codec, cohorts."""

import logging
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from jaxshrink.codecs import JPEG_TABLES, Codec, JpegTables, codec_by_name
from jaxshrink.data import Cohort, open_cohort
from jaxshrink.errors import CheckpointError
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.models import Networks, NetworkVariables, create_networks, variables_template
from jaxshrink.runs import workdir as workdirs
from jaxshrink.runs.schema import Config, UsedConfig

_log = logging.getLogger(__name__)


def load_pipeline(config: UsedConfig, workdir: Path) -> Pipeline:
    """Restores the networks with the best development score.

    Raises:
      CheckpointError: if there are none, or they are damaged.
    """
    variables, info = load_best(config, workdir)
    _log.info("restored step %d, development score %s", info["step"], info["score"])
    return create_pipeline(config, create_networks(config.model.to_dict()), variables)


def load_best(config: UsedConfig, workdir: Path) -> tuple[NetworkVariables, dict[str, Any]]:
    """Restores the variables with the best development score, and "step" and "score" of them.

    Raises:
      CheckpointError: if there are none, or they are damaged.
    """
    store = workdirs.best_checkpoints(workdir)
    restored = store.restore(variables_template(create_networks(config.model.to_dict())))
    store.close()
    if restored is None:
        raise CheckpointError(f"{workdir}: no checkpoint yet; train first")
    return restored


def create_pipeline(
    config: UsedConfig, networks: Networks, variables: NetworkVariables
) -> Pipeline:
    """Returns the pipeline of a config's networks."""
    return Pipeline(networks, variables, learned_tables=config.codec.tables == "learned")


def codec_of(config: UsedConfig, pipeline: Pipeline) -> Codec:
    """Returns the codec of a config, told the pipeline's tables if it needs to be."""
    if config.codec.name == JPEG_TABLES:
        return JpegTables(pipeline.tables, config.codec.subsampling)
    return codec_by_name(config.codec.name)


def open_cohort_of(config: Config, name: str, pool: Executor) -> Cohort:
    """Opens "train", "dev" or "test" of a config."""
    data = config.data
    return open_cohort(
        data[name],
        pool,
        channels=config.model.channels,
        resize=None if data.resize is None else (data.resize, data.resize),
        max_pixels=data.max_pixels,
        halve_from=data.halve_from,
        memory_limit=data.memory_limit,
        on_bad_file=data.on_bad_file,
        # Training can go on without an image, evaluation would end.
        verify=name != "train",
    )
