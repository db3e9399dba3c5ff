"""In which order the two networks are updated, and where the codec comes in.

A schedule maps (steps, round_trip, state, x, quality) to (state, metrics):

  steps: mapped over devices.
  round_trip: the codec, on (N, h, w, C) with tables (N, 2, 8, 8).
  state: replicated; is donated.
  x: the batch, split over devices.
  quality: of every image, split over devices.
"""

from collections.abc import Callable

import jax
import numpy as np

from jaxshrink.training import devices
from jaxshrink.training.state import TrainState
from jaxshrink.training.steps import Metrics, Steps

RoundTrip = Callable[[np.ndarray, np.ndarray], np.ndarray]
Schedule = Callable[
    [Steps, RoundTrip, TrainState, jax.Array, jax.Array], tuple[TrainState, Metrics]
]


def alternating(
    steps: Steps, round_trip: RoundTrip, state: TrainState, x: jax.Array, quality: jax.Array
) -> tuple[TrainState, Metrics]:
    """The paper's order (section 4.4): RecCNN, then ComCNN through the updated RecCNN.

    Section 4.3 names ComCNN first; a cycle of the two is the same but for its start.
    """
    y_hat = _through_codec(round_trip, steps.compact(state, x, quality))
    state, rec_metrics = steps.rec_step(state, x, y_hat, quality)
    state, com_metrics = steps.com_step(state, x, quality)
    return state, {**rec_metrics, **com_metrics}


def overlapped(
    steps: Steps, round_trip: RoundTrip, state: TrainState, x: jax.Array, quality: jax.Array
) -> tuple[TrainState, Metrics]:
    """Both updates at the same parameters: `com_step` runs while the codec works.

    Since eq. 2 needs no y_hat, this hides the codec. It deviates from the paper, where ComCNN
    is updated through the RecCNN that was just updated.
    """
    compact = steps.compact(state, x, quality)
    state, com_metrics = steps.com_step(state, x, quality)
    y_hat = _through_codec(round_trip, compact)
    state, rec_metrics = steps.rec_step(state, x, y_hat, quality)
    return state, {**rec_metrics, **com_metrics}


def joint(
    steps: Steps, round_trip: RoundTrip, state: TrainState, x: jax.Array, quality: jax.Array
) -> tuple[TrainState, Metrics]:
    """Both networks by one loss, on the real codec's pixels."""
    y_hat = _through_codec(round_trip, steps.compact(state, x, quality))
    return steps.joint_step(state, x, y_hat, quality)


def decoder_only(
    steps: Steps, round_trip: RoundTrip, state: TrainState, x: jax.Array, quality: jax.Array
) -> tuple[TrainState, Metrics]:
    """RecCNN alone; ComCNN stays the downscaling that it starts as. For comparison."""
    y_hat = _through_codec(round_trip, steps.compact(state, x, quality))
    return steps.rec_step(state, x, y_hat, quality)


def _through_codec(round_trip: RoundTrip, compact: tuple[jax.Array, jax.Array]) -> np.ndarray:
    y, tables = compact
    return devices.split(round_trip(devices.join(y), devices.join(tables)))


SCHEDULES: dict[str, Schedule] = {
    "alternating": alternating,
    "overlapped": overlapped,
    "joint": joint,
    "decoder_only": decoder_only,
}
