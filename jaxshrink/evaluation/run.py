"""`--mode=evaluate`: the best checkpoint of a working directory over all cohorts."""

import json
import logging
import os
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jaxshrink import workdir as workdirs
from jaxshrink.codecs import CODECS, JPEG_TABLES, Codec, JpegTables, codec_by_name
from jaxshrink.config import check_config
from jaxshrink.data import Cohort, open_cohort
from jaxshrink.errors import CheckpointError
from jaxshrink.evaluation.cohorts import CohortResult, format_table, measure_cohort
from jaxshrink.evaluation.triptychs import save_triptych
from jaxshrink.models import Networks, create_networks, variables_template
from jaxshrink.pipeline import Pipeline

_log = logging.getLogger(__name__)

COHORTS = ("train", "dev", "test")


def evaluate(config: Any, workdir: Path) -> None:
    """Prints the paper's table and writes it below `workdir`/evaluation.

    summary.json holds {cohort: {method: {"ms_ssim", "psnr", "bpp", "num_images"}}} at the
    configured quality, and the same for every swept quality under "sweep"; per_image.json the
    measurements of every image; triptychs/ pictures of the first test images.

    Args:
      config: a config of this project, e.g. `configs/paper.py`.
      workdir: of a training run with the same model.

    Raises:
      CheckpointError, ConfigError, DataError: see there.
    """
    check_config(config)
    workdirs.check_model(workdir, json.loads(config.to_json()))
    pipeline = load_pipeline(config, workdir)
    codec = codec_of(config, pipeline)
    # Told another table for every quality, a codec is none to compare with.
    plain_codec = CODECS["jpeg-optimized"] if config.codec.name == JPEG_TABLES else codec
    qualities = sorted({config.codec.quality, *config.evaluation.qualities})
    folder = workdir / "evaluation"
    results: dict[str, dict[int, CohortResult]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # All cohorts are opened before any work is done: a bad file ends it here or never.
        cohorts = {name: open_cohort_of(config, name, pool) for name in COHORTS}
        for name, cohort in cohorts.items():
            keep = range(min(config.evaluation.num_triptychs, len(cohort)))
            results[name], kept = measure_cohort(
                pipeline,
                cohort,
                codec,
                plain_codec,
                qualities,
                pool,
                keep=keep if name == "test" else (),
            )
            for result in kept[config.codec.quality]:
                file_name = f"{result.index:02d}_{cohort.paths[result.index].stem}.png"
                picture = folder / "triptychs" / file_name
                save_triptych(picture, result.x, result.y_hat, result.x_hat)
    tables = {
        quality: {name: results[name][quality].summary() for name in COHORTS}
        for quality in qualities
    }
    summary = {
        **tables[config.codec.quality],
        "quality": config.codec.quality,
        "sweep": {str(quality): table for quality, table in tables.items()},
    }
    workdirs.write_json(folder / "summary.json", summary)
    workdirs.write_json(
        folder / "per_image.json",
        {
            str(quality): {name: results[name][quality].per_image() for name in COHORTS}
            for quality in qualities
        },
    )
    for quality, table in tables.items():
        print(f"\n{codec.name}, compact image at quality {quality}\n{format_table(table)}")
    print(f"\nwritten to {folder}")


def load_pipeline(config: Any, workdir: Path) -> Pipeline:
    """Restores the networks with the best development score.

    Raises:
      CheckpointError: if there are none, or they are damaged.
    """
    variables, info = load_best(config, workdir)
    _log.info("restored step %d, development score %s", info["step"], info["score"])
    return create_pipeline(config, create_networks(config.model.to_dict()), variables)


def load_best(config: Any, workdir: Path) -> tuple[Networks, dict[str, Any]]:
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


def create_pipeline(config: Any, networks: Networks, variables: Networks) -> Pipeline:
    """Returns the pipeline of a config's networks."""
    return Pipeline(networks, variables, learned_tables=config.codec.tables == "learned")


def codec_of(config: Any, pipeline: Pipeline) -> Codec:
    """Returns the codec of a config, told the pipeline's tables if it needs to be."""
    if config.codec.name == JPEG_TABLES:
        return JpegTables(pipeline.tables, config.codec.subsampling)
    return codec_by_name(config.codec.name)


def open_cohort_of(config: Any, name: str, pool: Executor) -> Cohort:
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
