"""Fair timings: everything that is compared runs in turn, within one run, several times."""

import json
import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Times = dict[str, list[float]]


def seconds(function: Callable[[], Any]) -> float:
    """Wall time of one call, which returns when all is done."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def interleaved(functions: Mapping[str, Callable[[], Any]], repeats: int) -> tuple[Times, Times]:
    """Times functions in turn.

    A function that returns a number has timed itself, in seconds.

    Returns:
      First calls, with what they compile, and the `repeats` calls after them, by name.
    """

    def measure(function: Callable[[], Any]) -> float:
        start = time.perf_counter()
        told = function()
        return told if isinstance(told, float) else time.perf_counter() - start

    first: Times = {name: [measure(function)] for name, function in functions.items()}
    times: Times = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            times[name].append(measure(function))
    return first, times


def summary(values: list[float]) -> dict[str, float]:
    """The median, the least and the greatest."""
    return {"median": statistics.median(values), "least": min(values), "greatest": max(values)}


def ratios(times: list[float], others: list[float]) -> dict[str, float]:
    """The summary of the ratios within each round."""
    return summary([a / b for a, b in zip(times, others, strict=True)])


def text(values: Mapping[str, float], digits: int = 3) -> str:
    """A summary as "median (least .. greatest)"."""
    median, least, greatest = (f"{values[k]:.{digits}f}" for k in ("median", "least", "greatest"))
    return f"{median} ({least} .. {greatest})"


def save_json(path: str | None, result: Any) -> None:
    """Writes a result, if there is a path, under a temporary name first."""
    if path is None:
        return
    temporary = Path(f"{path}.tmp")
    temporary.write_text(json.dumps(result, indent=2) + "\n")
    os.replace(temporary, path)
