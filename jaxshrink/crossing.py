"""Where a growing function of a whole number crosses a target."""

import math
from collections.abc import Callable

Point = tuple[int, float]  # an argument and the value there


def cross(
    value: Callable[[int], float],
    target: float,
    limits: tuple[int, int],
    guess: int,
    slope: float,
    is_enough: Callable[[Point | None, Point | None], bool],
    aim: float = 0.0,
) -> tuple[Point | None, Point | None, float]:
    """Finds the crossing in few evaluations.

    Secants inside of what is known; a bisection after two steps from the same side.

    Args:
      value: the function.
      target: of its values.
      limits: the least and the greatest argument.
      guess: the first one to try.
      slope: per step, as long as there is but one point.
      is_enough: told (below, above), whether they need not become neighbours.
      aim: where steps are directed, relative to the target: into what is enough.

    Returns:
      (argument, value) of the greatest found with value <= target and of the least found with
      value > target, None where there is none; and the least value seen.
    """
    below: Point | None = None
    above: Point | None = None
    lowest = math.inf
    same_side = 0
    step = min(max(guess, limits[0]), limits[1])
    while True:
        point = (step, value(step))
        lowest = min(lowest, point[1])
        if point[1] <= target:
            same_side = max(same_side, 0) + 1
            below = point
        else:
            same_side = min(same_side, 0) - 1
            above = point
        first = limits[0] if below is None else below[0] + 1
        last = limits[1] if above is None else above[0] - 1
        if first > last or is_enough(below, above):
            return below, above, lowest
        if below is None or above is None:
            jump = (target + aim - point[1]) / slope if math.isfinite(target) else -math.inf
            # Twice as far each time, so that an end is soon reached.
            jump *= 1.2 * 2 ** (abs(same_side) - 1)
            wanted = step + max(min(jump, 1e4), -1e4)
        elif abs(same_side) > 2:
            wanted = (below[0] + above[0]) / 2
        else:
            share = (target + aim - below[1]) / (above[1] - below[1])
            wanted = below[0] + share * (above[0] - below[0])
        step = min(max(round(wanted), first), last)
