"""The paper's other experiments at a reduced size: a JSON per row and seed, and a table of them.

    python -m benchmarks.variants [ROW..] --out DIR [--seeds 0,1] [--photographs FOOD5K] [--steps N]
    python -m benchmarks.variants --out DIR --table

A row is a name of `configs/paper_variants.py`, trained as `launch.py` trains it, but smaller, as
`Size` says, and with a learning rate that falls to zero, so that what is measured does not depend
on the last step. FOOD5K holds train/, dev/ and test/; without it, the photographs that packages
carry do. After the last step every cohort goes through the real codec, beside bicubic enlargement
of the same compact image and beside JPEG at equal bytes. A finished JSON is not made again, and an
interrupted run goes on where it stopped. "As trained" is what the row's loss compares with x, which
the switches of the authors' code make something else than the reconstruction.

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
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from jaxshrink.evaluation.measure import TableEntry
from jaxshrink.evaluation.metrics import image_scores
from jaxshrink.evaluation.paper_table import measure_cohort, summarize
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


def cohorts_of(photographs: str, size: Size) -> dict[str, list[Path]]:
    """The photographs of a run, by cohort, of a folder with train/, dev/ and test/.

    Args:
      photographs: the folder, or "packaged:".
      size: says how many.
    """
    numbers = {"train": size.num_train, "dev": size.num_dev, "test": size.num_test}
    prefix = photographs if photographs.endswith(":") else f"{photographs}/"
    return {
        cohort: evenly(list_images(prefix + cohort), number) for cohort, number in numbers.items()
    }


def evenly(paths: Sequence[Path], number: int) -> list[Path]:
    """At most so many of the paths, at even distances."""
    return [paths[index * len(paths) // number] for index in range(min(number, len(paths)))]


def reduced_config(row: str, seed: int, cohorts: Mapping[str, Sequence[Path]], size: Size) -> Any:
    """The config of one run.

    Args:
      row: a name of `configs/paper_variants.py`.
      seed: of everything random.
      cohorts: the photographs of "train", "dev" and "test".
      size: what it is reduced to.
    """
    config = paper_variants.get_config(row)
    config.seed = seed
    for cohort, paths in cohorts.items():
        config.data[cohort] = ",".join(map(str, paths))
    config.data.crop = size.crop
    config.model.com.features = config.model.rec.features = size.features
    config.model.rec.num_layers = size.num_layers
    config.batch_size = size.batch_size
    config.num_epochs = -(-size.num_steps * size.batch_size // len(cohorts["train"]))
    config.cosine_decay = True
    config.logging.every_steps = 50
    config.checkpoints.every_steps = 300
    # At the end only: the last networks are the best.
    config.evaluation.every_steps = _NEVER
    config.evaluation.num_triptychs = 0
    return config


def run_row(row: str, seed: int, photographs: str, size: Size, out: Path) -> None:
    """Trains and measures one row with one seed; writes out/ROW.seedN.json, and a triptych."""
    config = reduced_config(row, seed, cohorts_of(photographs, size), size).lock()
    workdir = out / "runs" / f"{row}.seed{seed}"
    result: dict[str, Any] = {"row": row, "seed": seed, "size": dataclasses.asdict(size)}
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
    """Cohort -> method -> means of "ms_ssim", "ssimulacra2", "psnr", "bpp" and "saturated"."""
    networks = create_networks(config.model.to_dict())
    variables, _ = load_best(config, workdir)
    pipeline = create_pipeline(config, networks, variables)
    measured = {}
    for name in COHORTS:
        examined = examine(pipeline, open_cohort_of(config, name, pool), config.codec, pool)
        scores = _as_trained(objective_of(config), networks, variables, examined)
        as_trained = {"ms_ssim": float(np.mean(scores))}
        measured[name] = {**examined.means(), "as_trained": as_trained}
    shown = examined.pictures
    save_triptych(picture, shown["original"][0], examined.y_hat[0], shown["model"][0])
    return measured


@dataclasses.dataclass(frozen=True)
class Examined:
    """A cohort through a model, and beside it bicubic enlargement and JPEG.

    Attributes:
      names: of the photographs.
      entries: "model", "bicubic" and "jpeg_equal_bytes" -> figures, one per photograph.
      pictures: the same and "original" -> uint8 (H, W, C), one per photograph.
      y_hat: the compact images after the codec, uint8.
    """

    names: tuple[str, ...]
    entries: dict[str, list[TableEntry]]
    pictures: dict[str, list[np.ndarray]]
    y_hat: list[np.ndarray]

    def means(self) -> dict[str, dict[str, Any]]:
        """By method; of the originals only how much is saturated."""
        means: dict[str, dict[str, Any]] = {
            method: {"saturated": float(np.mean([*map(saturated, pictures)]))}
            for method, pictures in self.pictures.items()
        }
        for method, entries in self.entries.items():
            scores = self.scores(method, "ssimulacra2")
            means[method] |= {**summarize(entries), "ssimulacra2": float(np.mean(scores))}
        return means

    def scores(self, method: str, metric: str) -> list[float]:
        """One per photograph."""
        pairs = zip(self.pictures["original"], self.pictures[method], strict=True)
        return [image_scores(a[None], b[None], [metric])[metric][0] for a, b in pairs]


def examine(pipeline: Pipeline, cohort: Cohort, settings: Any, pool: Executor) -> Examined:
    """Measures a cohort and keeps its pictures.

    Args:
      pipeline: the model.
      cohort: the photographs.
      settings: the config's codec: its "name" and "quality".
      pool: encodes and decodes in parallel.
    """
    codec, quality = codec_by_name(settings.name), settings.quality
    by_quality, kept = measure_cohort(
        pipeline, cohort, codec, codec, [quality], pool, keep=range(len(cohort))
    )
    results, entries = kept[quality], by_quality[quality].measurements
    del entries["jpeg_q75"]
    files = [
        codec.encode(result.x, round(entry.quality))
        for result, entry in zip(results, entries["jpeg_equal_bytes"], strict=True)
    ]
    pictures = {
        "original": [result.x for result in results],
        "model": [result.x_hat for result in results],
        "bicubic": [enlarge(r.y_hat[None], (r.x.shape[0], r.x.shape[1]))[0] for r in results],
        "jpeg_equal_bytes": [codec.decode(file, cohort.channels) for file in files],
    }
    return Examined(cohort.names, entries, pictures, [result.y_hat for result in results])


def saturated(picture: np.ndarray) -> float:
    """The share of values that are 0 or 255 in a picture, uint8 (H, W, C)."""
    return float(np.mean((picture == 0) | (picture == 255)))


def _as_trained(
    objective: Objective, networks: Networks, variables: NetworkVariables, examined: Examined
) -> list[float]:
    """MS-SSIM of what RecCNN's loss compares with x, image by image."""

    @jax.jit
    def shown(y_hat: jax.Array, x: jax.Array) -> jax.Array:
        y_hat = images.to_float(y_hat)
        x_hat: Any = networks.rec.apply(
            variables.rec, y_hat, (x.shape[1], x.shape[2]), method="reconstruct"
        )
        return images.to_uint8(objective.as_trained(x_hat, y_hat))

    scores: list[float] = []
    for y_hat, x in zip(examined.y_hat, examined.pictures["original"], strict=True):
        x_hat = np.asarray(shown(y_hat[None], x[None]))
        scores += image_scores(x[None], x_hat, ["ms-ssim"])["ms-ssim"]
    return scores


# Column -> digits, in the table's order.
_COLUMNS = {
    "train": ".4f",
    "dev": ".4f",
    "test": ".4f",
    "gap": "+.4f",
    "JPEG's gap": "+.4f",
    "train, as trained": ".4f",
    "test, as trained": ".4f",
    "RecCNN adds, train": "+.2f",
    "RecCNN adds, test": "+.2f",
    "over JPEG, test": "+.2f",
    "SSIMULACRA2, test": ".1f",
    "JPEG's": ".1f",
    "PSNR, test": ".2f",
    "bpp, test": ".3f",
}


def table(results: Iterable[Mapping[str, Any]]) -> str:
    """The results in Markdown, a line a row: means over seeds and, of several, half of their range.

    Columns without a unit are MS-SSIM, a gap is train's less test's, "JPEG" is JPEG at equal bytes.
    What RecCNN adds to the bicubic enlargement, and "over JPEG", are PSNR in decibels.
    """
    by_row: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        by_row.setdefault(result["row"], []).append(result)
    lines = [f"| row | {' | '.join(_COLUMNS)} |", "|---" * (1 + len(_COLUMNS)) + "|"]
    known = [*filter(by_row.__contains__, paper_variants.NAMES)]
    for row in (*known, *sorted(by_row.keys() - {*known})):
        lines.append(f"| {' | '.join((f'`{row}`', *_cells(by_row[row])))} |")
    return "\n".join(lines)


def _cells(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """A row's cells, of its results with all seeds."""
    measured = [_figures(result["cohorts"]) for result in results if "cohorts" in result]
    lost = len(results) - len(measured)
    if not measured:
        return [f"diverged with {lost} of {lost} seeds", *[""] * (len(_COLUMNS) - 1)]
    cells = [
        _cell([figures[column] for figures in measured], digits)
        for column, digits in _COLUMNS.items()
    ]
    return [cells[0] + (f", {lost} of {len(results)} diverged" if lost else ""), *cells[1:]]


def _figures(cohorts: Mapping[str, Any]) -> dict[str, float]:
    """The figures of one run, by column."""
    train_set, _, test = (cohorts[name] for name in COHORTS)

    def over(cohort: Mapping[str, Any], method: str) -> float:
        return cohort["model"]["psnr"] - cohort[method]["psnr"]

    def gap(method: str) -> float:
        return train_set[method]["ms_ssim"] - test[method]["ms_ssim"]

    return {
        **{name: cohorts[name]["model"]["ms_ssim"] for name in COHORTS},
        "gap": gap("model"),
        "JPEG's gap": gap("jpeg_equal_bytes"),
        "train, as trained": train_set["as_trained"]["ms_ssim"],
        "test, as trained": test["as_trained"]["ms_ssim"],
        "RecCNN adds, train": over(train_set, "bicubic"),
        "RecCNN adds, test": over(test, "bicubic"),
        "over JPEG, test": over(test, "jpeg_equal_bytes"),
        "SSIMULACRA2, test": test["model"]["ssimulacra2"],
        "JPEG's": test["jpeg_equal_bytes"]["ssimulacra2"],
        "PSNR, test": test["model"]["psnr"],
        "bpp, test": test["model"]["bpp"],
    }


def _cell(values: Sequence[float], digits: str) -> str:
    mean = f"{np.mean(values):{digits}}"
    spread = (max(values) - min(values)) / 2
    return mean if len(values) == 1 else f"{mean} ({spread:{digits.removeprefix('+')}})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: all but features_*")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seeds", default="0,1", help="default: %(default)s")
    parser.add_argument("--photographs", default="packaged:", metavar="FOOD5K")
    parser.add_argument("--steps", type=int, default=Size.num_steps, help="default: %(default)s")
    parser.add_argument("--table", action="store_true", help="print what is there, train nothing")
    options = parser.parse_args()
    unknown = [row for row in options.rows if row not in paper_variants.NAMES]
    if unknown:
        parser.error(f"no row {unknown[0]!r}; there are {', '.join(paper_variants.NAMES)}")
    if not options.table:
        logging.getLogger("jaxshrink").setLevel(logging.WARNING)
        _run_all(options)
    found = sorted(options.out.glob("*.json"))
    print(table(json.loads(path.read_text()) for path in found))


def _run_all(options: argparse.Namespace) -> None:
    size = Size(num_steps=options.steps)
    rows = options.rows or [row for row in paper_variants.NAMES if "features" not in row]
    for seed in map(int, options.seeds.split(",")):
        for row in rows:
            if not _path(options.out, row, seed).exists():
                run_row(row, seed, options.photographs, size, options.out)


def run_command(command: Callable[[], None]) -> None:
    """Calls it; an error of ours becomes a line and its exit code."""
    try:
        command()
    except JaxshrinkError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    run_command(main)
