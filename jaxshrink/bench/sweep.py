"""All images through all methods at all their qualities, in parallel where that helps."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from jaxshrink.bench.cache import PointCache, point_key
from jaxshrink.bench.methods.base import Method
from jaxshrink.bench.points import Point, measure
from jaxshrink.bench.suite import Suite, SuiteImage
from jaxshrink.bench.workers import Workers
from jaxshrink.errors import DataError, MethodError


@dataclasses.dataclass(frozen=True)
class Task:
    """One point to be measured."""

    method: Method
    image: SuiteImage
    quality: float


@dataclasses.dataclass(frozen=True)
class SweepResult:
    """All points, and what went wrong.

    Attributes:
      points: method's name -> quality -> image's name -> point; failed ones are missing.
      failures: one message per failed point.
      num_measured: points that were not in the cache.
    """

    points: dict[str, dict[float, dict[str, Point]]]
    failures: tuple[str, ...]
    num_measured: int


def sweep(
    suite: Suite,
    qualities: Mapping[Method, Sequence[float]],
    metrics: Sequence[str],
    cache: PointCache,
    workers: Workers,
) -> SweepResult:
    """Measures every point that is not in the cache.

    Args:
      suite: the images.
      qualities: of every method, in the order of the result.
      metrics: names in `METRICS`.
      cache: is read, and gets every point as soon as it is measured.
      workers: for methods that can run in processes.
    """
    # Image by image, so that a process finds its last image still decoded.
    tasks = [
        Task(method, image, quality)
        for image in suite.images
        for method, sweep_of in qualities.items()
        for quality in sweep_of
    ]
    keys = {task: point_key(task.method, task.image, task.quality, metrics) for task in tasks}
    found = {task: _known(cache.get(key), task, metrics) for task, key in keys.items()}
    missing = [task for task, point in found.items() if point is None]
    failures = []
    with tqdm(total=len(tasks), initial=len(tasks) - len(missing), disable=None) as progress:
        for task, result in _measure_all(missing, metrics, workers):
            if isinstance(result, Point):
                found[task] = result
                cache.put(keys[task], result)
            else:
                failures.append(f"{task.image.name}, quality {task.quality:g}: {result}")
            progress.update()
    points: dict[str, dict[float, dict[str, Point]]] = {
        method.name: {quality: {} for quality in sweep_of} for method, sweep_of in qualities.items()
    }
    for task, point in found.items():
        if point is not None:
            points[task.method.name][task.quality][task.image.name] = point
    return SweepResult(points, tuple(failures), len(missing) - len(failures))


def _known(point: Point | None, task: Task, metrics: Sequence[str]) -> Point | None:
    """A point of the cache, where it is one of this task."""
    fits = point and point.quality == task.quality and point.scores.keys() == set(metrics)
    return point if fits else None


def _measure_all(
    tasks: Sequence[Task], metrics: Sequence[str], workers: Workers
) -> Iterator[tuple[Task, Point | Exception]]:
    """Yields every task with its point, or with why there is none, as they are done."""
    parallel = [task for task in tasks if task.method.parallel]
    if parallel:
        measure_one = functools.partial(_attempt, metrics=metrics)
        yield from workers.apply(measure_one, parallel)
    # The rest computes on whatever this process has: an accelerator, all cores.
    for task in tasks:
        if not task.method.parallel:
            yield task, _attempt(task, metrics)


def _attempt(task: Task, metrics: Sequence[str]) -> Point | Exception:
    try:
        return measure(task.method, _read(task.image), task.quality, metrics)
    except (DataError, MethodError) as error:
        return error
    except MemoryError:
        return MethodError(f"{task.method.name}: not enough memory")
    except OSError as error:  # of a codec, a program, a full disk
        return MethodError(f"{task.method.name}: {error.strerror or error}")


@functools.lru_cache(maxsize=1)
def _read(image: SuiteImage) -> np.ndarray:
    return image.read()
