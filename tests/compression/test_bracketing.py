"""The crossing is found, in few evaluations."""

import math

import numpy as np
import pytest

from jaxshrink.compression.bracketing import cross


@pytest.mark.parametrize("target", [-1.0, 0.0, 0.1, 3.0, 9.7, 20.0])
@pytest.mark.parametrize("guess", [0, 50, 100])
def test_crossings_are_neighbours(target, guess):
    seen = []

    def value(step):
        seen.append(step)
        return math.sqrt(step)

    below, above, _ = cross(value, target, (0, 100), guess, 0.03, lambda below, above: False)
    steps = np.arange(101)
    low, high = steps[np.sqrt(steps) <= target], steps[np.sqrt(steps) > target]
    assert (below is None) == (len(low) == 0) and (above is None) == (len(high) == 0)
    assert below is None or below[0] == low[-1]
    assert above is None or above[0] == high[0]
    assert len(seen) == len(set(seen)) <= 14


@pytest.mark.parametrize("aim", [-0.05, 0.05])
@pytest.mark.parametrize("guess", [20, 50, 200])
def test_aiming_into_what_is_enough_ends_soon(aim, guess):
    seen = []

    def value(step):
        seen.append(step)
        return math.log(step + 1)

    def is_enough(below, above):
        return (
            below is not None and 4 - below[1] <= 0.1
            if aim < 0
            else above is not None and above[1] - 4 <= 0.1
        )

    below, above, _ = cross(value, 4.0, (0, 800), guess, 0.01, is_enough, aim)
    assert is_enough(below, above)
    assert len(seen) == len(set(seen)) <= 6


@pytest.mark.parametrize("known", [[10], [90], [10, 30, 90], [36, 37]])
def test_what_is_known_is_not_looked_for(known):
    seen = []

    def value(step):
        seen.append(step)
        return math.sqrt(step)

    below, above, _ = cross(value, 6.0, (0, 100), 0, 0.03, lambda b, a: False, known=known)
    assert (below[0], above[0]) == (36, 37)
    assert seen[: len(known)] == known and len(seen) <= len(known) + 9
    assert len(seen) == len(set(seen))
