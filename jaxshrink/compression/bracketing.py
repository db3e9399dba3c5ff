"""Where a growing function of a whole number crosses a target."""

import math
from collections.abc import Callable, Sequence

Point = tuple[int, float]  # an argument and the value there


def cross(
    value: Callable[[int], float],
    target: float,
    limits: tuple[int, int],
    guess: int,
    slope: float,
    is_enough: Callable[[Point | None, Point | None], bool],
    aim: float = 0.0,
    known: Sequence[int] = (),
) -> tuple[Point | None, Point | None, float]:
    """Finds the crossing in few evaluations.

    Secants inside of what is known; a bisection after two steps from the same side.

    Args:
      value: the function.
      target: the value to cross.
      limits: the least and the greatest argument.
      guess: the first one to try, unless there are known ones on both sides.
      slope: per step, as long as there is but one point.
      is_enough: told (below, above), whether they need not become neighbours.
      aim: where steps are directed, relative to the target: into what is enough.
      known: arguments whose values cost nothing, in order.

    Returns:
      (argument, value) of the greatest found with value <= target and of the least found with
      value > target, None where there is none; and the least value seen.
    """
    below, above, lowest = _known_bracket([(step, value(step)) for step in known], target)
    same_side = 0
    point: Point | None = None
    while True:
        first = limits[0] if below is None else below[0] + 1
        last = limits[1] if above is None else above[0] - 1
        if (below or above) and (first > last or is_enough(below, above)):
            return below, above, lowest
        if below is not None and above is not None:
            wanted = _between(below, above, target + aim, bisect=abs(same_side) > 2)
        elif point is not None:
            wanted = _beyond(point, target + aim, slope, abs(same_side))
        else:
            wanted = guess
        step = min(max(round(wanted), first), last)
        point = (step, value(step))
        lowest = min(lowest, point[1])
        if point[1] <= target:
            same_side = max(same_side, 0) + 1
            below = point
        else:
            same_side = min(same_side, 0) - 1
            above = point


def _known_bracket(
    points: Sequence[Point], target: float
) -> tuple[Point | None, Point | None, float]:
    """What `cross` returns if it looks no further."""
    above = next((point for point in points if point[1] > target), None)
    left = [point for point in points if above is None or point[0] < above[0]]
    return left[-1] if left else None, above, min((p[1] for p in points), default=math.inf)


def _between(below: Point, above: Point, target: float, *, bisect: bool) -> float:
    if bisect or not math.isfinite(target):
        return (below[0] + above[0]) / 2
    share = (target - below[1]) / (above[1] - below[1])
    return below[0] + share * (above[0] - below[0])


def _beyond(point: Point, target: float, slope: float, num_steps: int) -> float:
    """From one side, twice as far each time, so that an end is soon reached."""
    jump = (target - point[1]) / slope if math.isfinite(target) else -math.inf
    jump *= 2 ** (num_steps - 1)
    return point[0] + max(min(jump, 1e4), -1e4)
