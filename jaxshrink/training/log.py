"""Where the metrics of a run go: metrics.jsonl, TensorBoard, the progress bar."""

import json
import math
import sys
from pathlib import Path

import jax
import tensorboardX
from tqdm import tqdm

from jaxshrink.atomic import write_whole
from jaxshrink.documents import DocumentError, integer, json_lines, record
from jaxshrink.errors import CheckpointError, DivergenceError
from jaxshrink.training.steps import Metrics

_FILE = "metrics.jsonl"
_ROW = record({"step": integer(0, 2**62)})


class RunLog:
    """Logs one run; a run that is resumed continues its files.

    Metrics stay on the device until `check` or `flush`, so that no step waits for them.

    Args:
      workdir: the run's folder.
      start, stop: the first step and the one after the last.
      batch_size: images per step, for the images/s of the progress bar.
      active: False on all processes but one, which then only checks the losses.
    """

    def __init__(
        self, workdir: Path, start: int, stop: int, batch_size: int, *, active: bool = True
    ) -> None:
        self._pending: list[tuple[int, Metrics]] = []  # on the device
        self._rows: list[Metrics] = []  # on the host
        self._active = active
        self._bar = tqdm(
            total=stop * batch_size,
            initial=start * batch_size,
            unit="image",
            unit_scale=True,
            disable=not active,
            dynamic_ncols=True,
            mininterval=0.2 if sys.stderr.isatty() else 10.0,
        )
        self._batch_size = batch_size
        if active:
            _forget_after(workdir / _FILE, start)
            self._file = open(workdir / _FILE, "a")  # noqa: SIM115, closed by close()
            self._board = tensorboardX.SummaryWriter(
                str(workdir / "tensorboard"), purge_step=start + 1
            )

    def add(self, step: int, metrics: Metrics) -> None:
        """Takes the metrics of a step without waiting for them."""
        self._pending.append((step, metrics))
        self._bar.update(self._batch_size)

    def check(self) -> None:
        """Waits for the metrics so far.

        Raises:
          DivergenceError: at the first step with a loss that is NaN or infinite.
        """
        if not self._pending:
            return
        steps, metrics = zip(*self._pending, strict=True)
        self._pending.clear()
        for step, row in zip(steps, jax.device_get(metrics), strict=True):
            for name, value in row.items():
                if not math.isfinite(value):
                    raise DivergenceError(
                        f"{name} is {value} at step {step}; "
                        "a lower learning_rate or a range_penalty, in another --workdir, may help"
                    )
            self._rows.append(row)

    def flush(self, step: int) -> None:
        """Writes the means of the metrics since the last call; raises as `check`."""
        self.check()
        means = {
            name: math.fsum(float(row[name]) for row in self._rows) / len(self._rows)
            for name in self._rows[0]
        }
        self._rows.clear()
        self.write(step, means)
        self._bar.set_postfix({name: f"{value:.4g}" for name, value in means.items()})

    def write(self, step: int, values: dict[str, float]) -> None:
        """Writes values under a step."""
        if self._active:
            self._file.write(json.dumps({"step": step, **values}) + "\n")
            self._file.flush()
            for name, value in values.items():
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        self._bar.close()
        if self._active:
            self._file.close()
            self._board.close()


def _forget_after(path: Path, step: int) -> None:
    """Drops the lines of steps that a resumed run will take again, and those that are damaged."""
    if not path.exists():
        return
    try:
        kept = [line for line, row in json_lines(path, _ROW) if row["step"] <= step]
    except DocumentError as error:
        raise CheckpointError(f"{path}: {error}") from None
    write_whole(path, b"".join(kept))
