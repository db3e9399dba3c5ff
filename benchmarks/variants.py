"""The paper's other experiments at a reduced size: a JSON per row and seed, and a table of them.

    python -m benchmarks.variants [ROW..] --out DIR [--seeds 0,1] [--photographs FOOD5K]
    python -m benchmarks.variants --out DIR --table

A row is a name of `configs/paper_variants.py`, trained as `launch.py` trains it, but smaller, as
`Size` says, and with a learning rate that falls to zero, so that what is measured does not depend on
the last step. FOOD5K holds train/, dev/ and test/; without it, the photographs that packages carry
do. After the last step every cohort goes through the real codec, beside bicubic enlargement of the same
compact image and beside JPEG at equal bytes. A finished JSON is not made again, and an interrupted
run goes on where it stopped. Where the row's loss compares something else with x than the
reconstruction (`Objective.as_trained`), its MS-SSIM is told, too.

One row and seed takes about a minute and a half of one CPU core.
"""

import argparse
import dataclasses
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import numpy as np

from configs import paper_variants
from jaxshrink.codecs import codec_by_name
from jaxshrink.data import Cohort, list_images
from jaxshrink.errors import DivergenceError, JaxshrinkError
from jaxshrink.evaluation.evaluate import COHORTS
from jaxshrink.evaluation.measure import MeasuredImage
from jaxshrink.evaluation.metrics import image_scores
from jaxshrink.evaluation.paper_table import measure_cohort
from jaxshrink.evaluation.triptychs import save_triptych
from jaxshrink.inference.pipeline import Pipeline, enlarge
from jaxshrink.models import Networks, NetworkVariables, create_networks
from jaxshrink.ops import images
from jaxshrink.runs.restore import create_pipeline, load_best, open_cohort_of
from jaxshrink.runs.workdir import write_json
from jaxshrink.training.loop import train
from jaxshrink.training.objective import Objective, objective_of

_NEVER = 10**6  # steps


@dataclasses.dataclass(frozen=True)
class Size:
    """How much smaller than the paper's a run is; the same for all rows.

    Attributes:
      num_train, num_dev, num_test: photographs, taken at even distances from the sorted cohorts.
      features, num_layers: of both networks, of RecCNN.
      crop, batch_size, num_steps: random crops' side, crops in a step, steps.
    """

    num_train: int = 2
    num_dev: int = 10
    num_test: int = 10
    features: int = 32
    num_layers: int = 6
    crop: int = 32
    batch_size: int = 8
    num_steps: int = 900


def reduced_config(row: str, seed: int, photographs: str, size: Size) -> Any:
    """The config of one run.

    Args:
      row: a name of `configs/paper_variants.py`.
      seed: of everything random.
      photographs: a folder with train/, dev/ and test/, or "packaged:".
      size: what it is reduced to.
    """
    config = paper_variants.get_config(row)
    config.seed = seed
    numbers = {"train": size.num_train, "dev": size.num_dev, "test": size.num_test}
    for cohort, number in numbers.items():
        location = photographs + ("" if photographs.endswith(":") else "/") + cohort
        config.data[cohort] = ",".join(map(str, _evenly(list_images(location), number)))
    config.data.crop = size.crop
    config.model.com.features = config.model.rec.features = size.features
    config.model.rec.num_layers = size.num_layers
    config.batch_size = size.batch_size
    config.num_epochs = size.num_steps * size.batch_size // min(size.num_train, _length(config))
    config.cosine_decay = True
    config.logging.every_steps = 50
    config.checkpoints.every_steps = 300
    # At the end only: the last networks are the best.
    config.evaluation.every_steps = _NEVER
    config.evaluation.num_triptychs = 0
    return config.lock()


def _length(config: Any) -> int:
    return len(list_images(config.data.train))


def _evenly(paths: Sequence[Path], number: int) -> list[Path]:
    """At most so many of the paths, at even distances."""
    return [paths[index * len(paths) // number] for index in range(min(number, len(paths)))]


def run_row(row: str, seed: int, photographs: str, size: Size, out: Path) -> None:
    """Trains and measures one row with one seed; writes out/ROW.seedN.json, and a triptych."""
    config = reduced_config(row, seed, photographs, size)
    workdir = out / "runs" / f"{row}.seed{seed}"
    result = {"row": row, "seed": seed, "size": dataclasses.asdict(size)}
    start = time.monotonic()
    try:
        train(config, workdir)
    except DivergenceError as error:
        result["diverged"] = str(error)
    else:
        picture = out / f"{row}.seed{seed}.png"
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            result["cohorts"] = _measure(config, workdir, picture, pool)
    result["seconds"] = time.monotonic() - start
    write_json(_path(out, row, seed), result)
    shutil.rmtree(workdir)


def _path(out: Path, row: str, seed: int) -> Path:
    return out / f"{row}.seed{seed}.json"


def _measure(config: Any, workdir: Path, picture: Path, pool: Executor) -> dict[str, Any]:
    """Cohort -> method -> means, see `docs/experiments.md`."""
    networks = create_networks(config.model.to_dict())
    variables, _ = load_best(config, workdir)
    pipeline = create_pipeline(config, networks, variables)
    measured = {}
    for name in COHORTS:
        cohort = open_cohort_of(config, name, pool)
        measured[name], results = measure(pipeline, cohort, config.codec, pool)
        scores = _as_trained(objective_of(config), networks, variables, results)
        measured[name]["as_trained"] = {"ms_ssim": float(np.mean(scores))}
    save_triptych(picture, results[0].x, results[0].y_hat, results[0].x_hat)
    return measured


def measure(
    pipeline: Pipeline, cohort: Cohort, settings: Any, pool: Executor
) -> tuple[dict[str, dict[str, Any]], list[MeasuredImage]]:
    """A cohort through a model, and beside it bicubic enlargement and JPEG.

    Args:
      pipeline: the model.
      cohort: the photographs.
      settings: the config's codec: its "name" and "quality".
      pool: encodes and decodes in parallel.

    Returns:
      method -> mean "ms_ssim", "ssimulacra2", "psnr", "bpp" and "saturated"; and what was measured.
    """
    codec, quality = codec_by_name(settings.name), settings.quality
    by_quality, kept = measure_cohort(
        pipeline, cohort, codec, codec, [quality], pool, keep=range(len(cohort))
    )
    results = kept[quality]
    summary = by_quality[quality].summary()
    equal = by_quality[quality].measurements["jpeg_equal_bytes"]
    jpeg = [
        codec.decode(codec.encode(result.x, entry.quality), cohort.channels)
        for result, entry in zip(results, equal, strict=True)
    ]
    pictures = {
        "model": [result.x_hat for result in results],
        "bicubic": [enlarge(r.y_hat[None], r.x.shape[:2])[0] for r in results],
        "jpeg_equal_bytes": jpeg,
    }
    originals = [result.x for result in results]
    means = {
        method: {
            **summary[method],
            "ssimulacra2": _mean_score("ssimulacra2", originals, shown),
            "saturated": saturated(shown),
        }
        for method, shown in pictures.items()
    }
    return {**means, "original": {"saturated": saturated(originals)}}, results


def saturated(pictures: Sequence[np.ndarray]) -> float:
    """The mean share of values that are 0 or 255 in pictures, uint8 (H, W, C)."""
    return float(np.mean([np.mean((x == 0) | (x == 255)) for x in pictures]))


def _mean_score(metric: str, originals: Iterable[np.ndarray], shown: Iterable[np.ndarray]) -> float:
    """The mean of a metric over pairs of pictures, uint8 (H, W, C)."""
    pairs = zip(originals, shown, strict=True)
    return float(np.mean([image_scores(a[None], b[None], [metric])[metric][0] for a, b in pairs]))


def _as_trained(
    objective: Objective,
    networks: Networks,
    variables: NetworkVariables,
    results: Iterable[MeasuredImage],
) -> list[float]:
    """MS-SSIM of what RecCNN's loss compares with x, image by image."""

    @jax.jit
    def shown(y_hat: jax.Array, x: jax.Array) -> jax.Array:
        y_hat = images.to_float(y_hat)
        x_hat: Any = networks.rec.apply(
            variables.rec, y_hat, (x.shape[1], x.shape[2]), method="reconstruct"
        )
        return images.to_uint8(objective.as_trained(x_hat, y_hat))

    return [
        image_scores(r.x[None], np.asarray(shown(r.y_hat[None], r.x[None])), ["ms-ssim"])[
            "ms-ssim"
        ][0]
        for r in results
    ]


_TITLES = (
    "row",
    "train",
    "dev",
    "test",
    "gap",
    "JPEG's gap",
    "train, as trained",
    "test, as trained",
    "over JPEG, train",
    "over JPEG, test",
    "SSIMULACRA2, test",
    "PSNR, test",
    "bpp, test",
    "JPEG at equal bytes",
)


def table(results: Iterable[Mapping[str, Any]]) -> str:
    """The results in Markdown, a line a row: means over seeds, half of their range in brackets.

    Columns without a unit are MS-SSIM; "over JPEG" is PSNR at equal bytes, in
    decibels.
    """
    by_row: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        by_row.setdefault(result["row"], []).append(result)
    lines = [f"| {' | '.join(_TITLES)} |", "|" + "---|" * len(_TITLES)]
    known = [*filter(by_row.__contains__, paper_variants.NAMES)]
    for row in (*known, *sorted(by_row.keys() - {*known})):
        lines.append(f"| {' | '.join((f'`{row}`', *_cells(by_row[row])))} |")
    return "\n".join(lines)


def _cells(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """A row's cells, of its results with all seeds."""
    measured = [_figures(result["cohorts"]) for result in results if "cohorts" in result]
    lost = len(results) - len(measured)
    if not measured:
        return [f"diverged with {lost} of {lost} seeds", *[""] * (len(_TITLES) - 2)]
    cells = [_cell([figures[column] for figures in measured], column) for column in _COLUMNS]
    return [cells[0] + (f", {lost} of {len(results)} diverged" if lost else ""), *cells[1:]]


_COLUMNS = {
    "train": ".4f",
    "dev": ".4f",
    "test": ".4f",
    "gap": "+.4f",
    "jpeg_gap": "+.4f",
    "train_as_trained": ".4f",
    "test_as_trained": ".4f",
    "gain_train": "+.2f",
    "gain_test": "+.2f",
    "ssimulacra2": ".1f",
    "psnr": ".2f",
    "bpp": ".3f",
    "jpeg": ".4f",
}


def _figures(cohorts: Mapping[str, Any]) -> dict[str, float]:
    """The figures of one run by the names of `_COLUMNS`."""
    train_set, dev, test = (cohorts[name] for name in COHORTS)
    figures = {
        "train": train_set["model"]["ms_ssim"],
        "dev": dev["model"]["ms_ssim"],
        "test": test["model"]["ms_ssim"],
        "gap": train_set["model"]["ms_ssim"] - test["model"]["ms_ssim"],
        "jpeg_gap": train_set["jpeg_equal_bytes"]["ms_ssim"] - test["jpeg_equal_bytes"]["ms_ssim"],
        "train_as_trained": train_set["as_trained"]["ms_ssim"],
        "test_as_trained": test["as_trained"]["ms_ssim"],
        "gain_train": train_set["model"]["psnr"] - train_set["jpeg_equal_bytes"]["psnr"],
        "gain_test": test["model"]["psnr"] - test["jpeg_equal_bytes"]["psnr"],
        "jpeg": test["jpeg_equal_bytes"]["ms_ssim"],
    }
    return figures | {name: test["model"][name] for name in ("ssimulacra2", "psnr", "bpp")}


def _cell(values: Sequence[float], column: str) -> str:
    digits = _COLUMNS[column]
    spread = (max(values) - min(values)) / 2
    return f"{np.mean(values):{digits}} ({spread:{digits.removeprefix('+')}})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: all but features_*")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seeds", default="0,1", help="default: %(default)s")
    parser.add_argument("--photographs", default="packaged:", metavar="FOOD5K")
    parser.add_argument("--table", action="store_true", help="print what is there, train nothing")
    options = parser.parse_args()
    if not options.table:
        logging.getLogger("jaxshrink").setLevel(logging.WARNING)
        _run_all(options)
    found = sorted(options.out.glob("*.json"))
    print(table(json.loads(path.read_text()) for path in found))


def _run_all(options: argparse.Namespace) -> None:
    rows = options.rows or [row for row in paper_variants.NAMES if "features" not in row]
    for seed in map(int, options.seeds.split(",")):
        for row in rows:
            if not _path(options.out, row, seed).exists():
                run_row(row, seed, options.photographs, Size(), options.out)


if __name__ == "__main__":
    try:
        main()
    except JaxshrinkError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
