"""What the paper observes in sections 4.4 and 5, checked at the reduced size of `variants`.

    python -m benchmarks.observations --out DIR [--photographs FOOD5K] [PART..]

The parts, all by default:

- `folds`: five-fold cross-validation of the plain model (4.4: "unable to perform a satisfactory
  cross-validation"): 80 photographs, five times trained on 64 of them and tested on the others.
  Each photograph's score as an unseen one beside its colourfulness (Hasler and Suesstrunk 2003;
  5: "heavily polychromatic images" are hard) and its noise (5: "the reconstructed images were quite
  noisy"), the latter by Immerkaer's estimate (1996), in levels, also of the originals, of bicubic
  enlargement and of JPEG at equal bytes.
- `one_image`: the share of saturated values when one image is overfitted (5: "white/black blocks
  and patches"), as the paper has it and as its authors' code had it.
- `spikes`: how often ComCNN's loss jumps to more than twice its usual value in 400 steps at the
  paper's constant learning rate, how much of the compact image is out of range then, and whether
  smaller steps, clipped gradients, a larger epsilon, a shorter memory, a penalty end that.

Every run leaves a JSON below DIR, and is not made again while it is there.
"""

import argparse
import dataclasses
import json
import logging
import os
import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.variants import (
    Examined,
    Size,
    cohorts_of,
    evenly,
    examine,
    reduced_config,
    run_command,
)
from jaxshrink.data import list_images
from jaxshrink.evaluation.evaluate import COHORTS
from jaxshrink.runs.restore import load_pipeline, open_cohort_of
from jaxshrink.runs.workdir import write_json
from jaxshrink.training.loop import train

_NUM_FOLDS = 5
_NUM_PHOTOGRAPHS = 80
_METHODS = ("original", "model", "bicubic", "jpeg_equal_bytes")
_LAPLACIAN = ((1, -2, 1), (-2, 4, -2), (1, -2, 1))
_NUM_SPIKED = 400  # steps that are watched for spikes
_RECENT = 50  # steps that say what a loss usually is
# What might end the spikes: overrides of the paper's config.
_CURES: dict[str, dict[str, Any]] = {
    "paper": {},
    "half the learning rate": {"learning_rate": 5e-4},
    "clip_norm 1": {"clip_norm": 1.0},
    "epsilon 1e-2": {"epsilon": 1e-2},
    "b2 .95": {"b2": 0.95},
    "range_penalty 10": {"range_penalty": 10.0},
    "a tenth of the learning rate": {"learning_rate": 1e-4},
}


def colourfulness(picture: np.ndarray) -> float:
    """Hasler and Suesstrunk's measure of a picture, uint8 (H, W, 3); 0 is gray, above 80 vivid."""
    red, green, blue = np.moveaxis(picture.astype(np.float64), -1, 0)
    first, second = red - green, (red + green) / 2 - blue
    spread = np.hypot(first.std(), second.std())
    return float(spread + 0.3 * np.hypot(first.mean(), second.mean()))


def noise(picture: np.ndarray) -> float:
    """Immerkaer's estimate of the noise of a picture, uint8 (H, W, C): its deviation in levels.

    Edges and texture count as well: what tells is the difference to the original's.
    """
    x = picture.astype(np.float64)
    height, width = x.shape[0] - 2, x.shape[1] - 2
    total = np.zeros((height, width, x.shape[2]))
    for i, row in enumerate(_LAPLACIAN):
        for j, weight in enumerate(row):
            total += weight * x[i : i + height, j : j + width]
    return float(np.sqrt(np.pi / 2) / 6 * np.mean(np.abs(total)))


def correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's: that of the ranks; ties in their order."""
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def num_spikes(losses: Sequence[float]) -> int:
    """How often a loss rises above twice the median of the 50 before; a stay above counts once."""
    above = [
        losses[i] > 2.0 * statistics.median(losses[i - _RECENT : i])
        for i in range(_RECENT, len(losses))
    ]
    return sum(now and not before for before, now in zip([False, *above], above, strict=False))


def _kept(path: Path, make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """What a run found: read, or made in a working directory that is removed, and written."""
    if not path.exists():
        workdir = path.with_suffix("")
        write_json(path, make(workdir))
        shutil.rmtree(workdir)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _examined(config: Any, workdir: Path, cohort: str) -> Examined:
    train(config, workdir)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        pipeline = load_pipeline(config, workdir)
        return examine(pipeline, open_cohort_of(config, cohort, pool), config.codec, pool)


def folds(photographs: str, size: Size, out: Path) -> None:
    """Part `folds`."""
    prefix = photographs if photographs.endswith(":") else f"{photographs}/"
    paths = evenly(list_images(prefix + "train"), _NUM_PHOTOGRAPHS)
    found = []
    for fold in range(_NUM_FOLDS):
        unseen = paths[fold::_NUM_FOLDS]
        seen = [path for path in paths if path not in unseen]
        config = reduced_config("plain", 0, {"train": seen, "dev": unseen, "test": unseen}, size)

        def make(workdir: Path, config: Any = config) -> dict[str, Any]:
            return _fold(_examined(config.lock(), workdir, "test"))

        found.append(_kept(out / f"fold{fold}.json", make)["photographs"])
    _tell_folds(found)


def _fold(examined: Examined) -> dict[str, Any]:
    rows = [
        {
            "name": name,
            "colourfulness": colourfulness(examined.pictures["original"][index]),
            "noise": {method: noise(examined.pictures[method][index]) for method in _METHODS},
            **{
                method: dataclasses.asdict(entries[index])
                for method, entries in examined.entries.items()
            },
        }
        for index, name in enumerate(examined.names)
    ]
    return {"photographs": rows}


def _tell_folds(found: Sequence[Sequence[Mapping[str, Any]]]) -> None:
    print("fold  MS-SSIM  over JPEG  PSNR   over JPEG")
    means = []
    for index, rows in enumerate(found):
        means.append([_mean(rows, "ms_ssim"), _gain(rows, "ms_ssim"), _mean(rows, "psnr")])
        means[-1].append(_gain(rows, "psnr"))
        print("{:<4}  {:.4f}   {:+.4f}    {:.2f}  {:+.2f}".format(index, *means[-1]))
    print("mean  {:.4f}   {:+.4f}    {:.2f}  {:+.2f}".format(*np.mean(means, 0)))
    print("sd    {:.4f}   {:.4f}     {:.2f}  {:.2f}".format(*np.std(means, 0, ddof=1)))
    rows = [row for fold in found for row in fold]
    colours = [row["colourfulness"] for row in rows]
    print(f"\n{len(rows)} unseen photographs; rank correlation with colourfulness of")
    for metric in ("ms_ssim", "psnr"):
        model, jpeg = ([row[m][metric] for row in rows] for m in ("model", "jpeg_equal_bytes"))
        gains = np.subtract(model, jpeg).tolist()
        print(
            f"  {metric}: model {correlation(colours, model):+.2f},"
            f" JPEG at equal bytes {correlation(colours, jpeg):+.2f},"
            f" their difference {correlation(colours, gains):+.2f}"
        )
    levels = {m: float(np.mean([row["noise"][m] for row in rows])) for m in _METHODS}
    print("\nnoise, levels: " + ", ".join(f"{m} {level:.2f}" for m, level in levels.items()))


def _mean(rows: Sequence[Mapping[str, Any]], metric: str, method: str = "model") -> float:
    return float(np.mean([row[method][metric] for row in rows]))


def _gain(rows: Sequence[Mapping[str, Any]], metric: str) -> float:
    return _mean(rows, metric) - _mean(rows, metric, "jpeg_equal_bytes")


def one_image(photographs: str, size: Size, out: Path) -> None:
    """Part `one_image`."""
    path = cohorts_of(photographs, size)["test"][0]
    print(f"\none image ({path.name}); saturated values, noise in levels, MS-SSIM")
    for row in ("plain", "reproduction"):
        config = reduced_config(row, 0, {cohort: [path] for cohort in COHORTS}, size)
        config.cosine_decay = False  # as in the paper

        def make(workdir: Path, config: Any = config) -> dict[str, Any]:
            examined = _examined(config.lock(), workdir, "train")
            levels = {m: noise(examined.pictures[m][0]) for m in _METHODS}
            return {"means": examined.means(), "noise": levels}

        found = _kept(out / f"one_image.{row}.json", make)
        for method in _METHODS:
            means = found["means"][method]
            print(
                f"  {row}, {method}: {means['saturated']:.2%}, {found['noise'][method]:.2f},"
                f" {means.get('ms_ssim', 1.0):.4f}"
            )


def spikes(photographs: str, size: Size, out: Path) -> None:
    """Part `spikes`."""
    print("\nspikes of ComCNN's loss and of RecCNN's; medians of the last 50 steps; out of range")
    size = dataclasses.replace(size, num_steps=_NUM_SPIKED)
    for index, (name, overrides) in enumerate(_CURES.items()):
        config = reduced_config("plain", 0, cohorts_of(photographs, size), size)
        config.cosine_decay = False
        config.logging.every_steps = 1
        config.update_from_flattened_dict(overrides)

        def make(workdir: Path, config: Any = config) -> dict[str, Any]:
            train(config.lock(), workdir)
            lines = (workdir / "metrics.jsonl").read_text().splitlines()
            logged = [values for values in map(json.loads, lines) if "com_loss" in values]
            names = ("com_loss", "rec_loss", "com_clipped")
            return {name: [values[name] for values in logged] for name in names}

        found = _kept(out / f"spikes{index}.json", make)
        com, rec, clipped = (
            found[key][_RECENT:] for key in ("com_loss", "rec_loss", "com_clipped")
        )
        at_most, usual = clipped[int(np.argmax(com))], statistics.median(clipped)
        print(
            f"  {name}: {num_spikes(found['com_loss'])} and {num_spikes(found['rec_loss'])},"
            f" at most {max(com):.1f} and {max(rec):.1f};"
            f" {statistics.median(com[-_RECENT:]):.2f}, {statistics.median(rec[-_RECENT:]):.2f};"
            f" {at_most:.0%} at the highest, else {usual:.1%}"
        )


_PARTS = {"folds": folds, "one_image": one_image, "spikes": spikes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--photographs", default="packaged:", metavar="FOOD5K")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in _PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]!r}; there are {', '.join(_PARTS)}")
    logging.getLogger("jaxshrink").setLevel(logging.WARNING)
    for part in options.parts or _PARTS:
        _PARTS[part](options.photographs, Size(), options.out)


if __name__ == "__main__":
    run_command(main)
