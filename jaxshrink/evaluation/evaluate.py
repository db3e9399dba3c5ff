"""`--mode=evaluate`: the best checkpoint of a working directory over all cohorts."""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jaxshrink.codecs import CODECS, JPEG_TABLES, Codec
from jaxshrink.evaluation.paper_table import CohortResult, format_table, measure_cohort
from jaxshrink.evaluation.triptychs import save_triptych
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.runs import workdir as workdirs
from jaxshrink.runs.config import check_config
from jaxshrink.runs.restore import codec_of, load_pipeline, open_cohort_of
from jaxshrink.runs.schema import Config

COHORTS = ("train", "dev", "test")


def evaluate(config: Config, workdir: Path) -> None:
    """Prints the paper's table and writes it below `workdir`/evaluation.

    summary.json holds {cohort: {method: {"ms_ssim", "psnr", "bpp", "num_images"}}} at the
    configured quality, and the same for every swept quality under "sweep"; per_image.json the
    measurements of every image; triptychs/ pictures of the first test images.

    Args:
      config: a config of this project, e.g. `configs/paper.py`.
      workdir: the folder of a training run with the same model.

    Raises:
      CheckpointError: if there is no usable checkpoint, or it is of another model.
      ConfigError: if the config cannot work.
      DataError: if a photograph cannot be read.
    """
    check_config(config)
    workdirs.check_model(workdir, json.loads(config.to_json()))
    pipeline = load_pipeline(config, workdir)
    codec = codec_of(config, pipeline)
    # Told another table for every quality, a codec is none to compare with.
    plain_codec = CODECS["jpeg-optimized"] if config.codec.name == JPEG_TABLES else codec
    qualities = sorted({config.codec.quality, *config.evaluation.qualities})
    folder = workdir / "evaluation"
    results = _measure(config, pipeline, codec, plain_codec, qualities, folder / "triptychs")
    tables = {
        quality: {name: results[name][quality].summary() for name in COHORTS}
        for quality in qualities
    }
    per_image = {
        quality: {name: results[name][quality].per_image() for name in COHORTS}
        for quality in qualities
    }
    summary = {
        **tables[config.codec.quality],
        "quality": config.codec.quality,
        "sweep": _by_text(tables),
    }
    workdirs.write_json(folder / "summary.json", summary)
    workdirs.write_json(folder / "per_image.json", _by_text(per_image))
    for quality, table in tables.items():
        print(f"\n{codec.name}, compact image at quality {quality}\n{format_table(table)}")
    print(f"\nwritten to {folder}")


def _measure(
    config: Config,
    pipeline: Pipeline,
    codec: Codec,
    plain_codec: Codec,
    qualities: Sequence[int],
    triptychs: Path,
) -> dict[str, dict[int, CohortResult]]:
    """Cohort -> quality -> result; pictures of the first test images go into a folder."""
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
                picture = triptychs / file_name
                save_triptych(picture, result.x, result.y_hat, result.x_hat)
    return results


def _by_text(by_quality: Mapping[int, Any]) -> dict[str, Any]:
    """As JSON has it, whose keys are text."""
    return {str(quality): value for quality, value in by_quality.items()}
