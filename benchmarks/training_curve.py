"""Plots what training minimized over its steps.

    python -m benchmarks.training_curve RUNS.. -o docs/training_curve.png

Every run is a working directory of `launch.py`; its loss is averaged over some fortieth of its
steps. Prints the means of the first and of the last part.
"""

import argparse
import json
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot

_NUM_PARTS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("-o", type=Path, required=True, help="the picture to write")
    options = parser.parse_args()
    figure, axes = pyplot.subplots(1, len(options.runs), figsize=(4 * len(options.runs), 3))
    for run, plot in zip(options.runs, np.atleast_1d(axes), strict=True):
        steps, losses = _curve(run / "metrics.jsonl")
        print(f"{run.name}: {losses[0]:.3f} around step {steps[0]:.0f}, {losses[-1]:.3f} at last")
        plot.plot(steps, losses)
        plot.set(title=run.name, xlabel="step", ylabel="training loss")
        plot.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(options.o, dpi=100)


def _curve(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Returns the steps and losses of a log, each a mean over one part of it, float64 (N,)."""
    logged = [json.loads(line) for line in path.read_text().splitlines()]
    points = np.array([(at["step"], at["joint_loss"]) for at in logged if "joint_loss" in at])
    parts = np.array_split(points, min(_NUM_PARTS, len(points)))
    steps, losses = np.array([part.mean(0) for part in parts]).T
    return steps, losses


if __name__ == "__main__":
    main()
