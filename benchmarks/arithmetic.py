"""How many floating-point operations the paper's networks and their training take, in closed form.

A multiplication and an addition are two operations, products with the padding are counted, and
nothing but the convolutions is: bias, ReLU, the bicubic enlargement and Adam take less than a
hundredth of them in the paper's sizes. Counts are per image of height x width pixels.
"""

import itertools
from collections.abc import Sequence


def reccnn_flops(
    height: int, width: int, *, features: int, num_layers: int, channels: int = 3
) -> int:
    """The forward pass of `RecCNN` on the enlarged compact image of this size."""
    return sum(_reccnn_layers(height, width, features, num_layers, channels))


def comcnn_flops(height: int, width: int, *, features: int, channels: int = 3) -> int:
    """The forward pass of `ComCNN` on a photograph of this size."""
    return sum(_comcnn_layers(height, width, features, channels))


def step_flops(
    height: int, width: int, *, features: int, num_layers: int, channels: int = 3
) -> int:
    """One image's part of a training step: compact image, `rec_step`, `com_step`."""
    shape = {"features": features, "channels": channels}
    both = {**shape, "num_layers": num_layers}
    compact = comcnn_flops(height, width, **shape)
    return compact + rec_step_flops(height, width, **both) + com_step_flops(height, width, **both)


def rec_step_flops(
    height: int, width: int, *, features: int, num_layers: int, channels: int = 3
) -> int:
    """One image's part of `rec_step`."""
    return _learning(_reccnn_layers(height, width, features, num_layers, channels))


def com_step_flops(
    height: int, width: int, *, features: int, num_layers: int, channels: int = 3
) -> int:
    """One image's part of `com_step`: RecCNN, frozen, is passed forward and back to its input."""
    rec = _reccnn_layers(height, width, features, num_layers, channels)
    return _learning(_comcnn_layers(height, width, features, channels)) + 2 * sum(rec)


def _learning(layers: Sequence[int]) -> int:
    """Forward, gradient to inputs (of the first layer it is not needed), gradient to kernels."""
    return 3 * sum(layers) - layers[0]


def _reccnn_layers(
    height: int, width: int, features: int, num_layers: int, channels: int
) -> list[int]:
    widths = [channels, *[features] * (num_layers - 1), channels]
    return [
        _convolution(height * width, num_in, num_out)
        for num_in, num_out in itertools.pairwise(widths)
    ]


def _comcnn_layers(height: int, width: int, features: int, channels: int) -> list[int]:
    # An odd side is padded to an even one first.
    positions = -(-height // 2) * -(-width // 2)
    return [
        _convolution(4 * positions, channels, features),
        _convolution(positions, features, features),
        _convolution(positions, features, channels),
    ]


def _convolution(positions: int, num_in: int, num_out: int) -> int:
    """3x3, at so many positions of its output."""
    return 2 * 9 * positions * num_in * num_out
