"""VGG-16 and VGG-19 (Simonyan and Zisserman 2014), as a measure of likeness and as a start.

The paper's future work asks for the pre-trained weights of "VGG-18". None come with the package:
they are read from a file in torchvision's layout, `features.N.weight` (out, in, 3, 3) and
`features.N.bias`, as `torchvision.models.vgg16().state_dict()` has them. Layers are named as in the
publication, conv1_1 to conv5_3 (VGG-16) or conv5_4 (VGG-19); a layer's output is taken after its
ReLU.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxshrink.documents import DocumentError, read_arrays
from jaxshrink.errors import CheckpointError
from jaxshrink.models.settings import Variables

# Features of every layer, in groups; between two groups the picture is halved.
_GROUPS = {
    "VGG-16": ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
    "VGG-19": ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4),
}
# Only a VGG-19 has a convolution here: its conv3_4. A VGG-16 has the pooling.
_TELLTALE = "features.16.weight"
# What ImageNet's pictures, in [0, 1], are normalized by.
_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)
# A file may end after the layers that are used; it has these.
_FIRST = ("conv1_1", "conv1_2")


class Convolution(NamedTuple):
    """A layer: kernel, float32 (3, 3, I, O), and bias (O,)."""

    kernel: np.ndarray
    bias: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Vgg:
    """The layers of a pre-trained network, up to the deepest that is compared.

    Attributes:
      convolutions: by name, in order.
      layers: the names of those whose outputs are compared.
    """

    convolutions: Mapping[str, Convolution]
    layers: tuple[str, ...]

    def features(self, x: jax.Array) -> list[jax.Array]:
        """The outputs of `layers`, (N, h, w, O), for pictures (N, H, W, 3 or 1) in [0, 1]."""
        x = (jnp.broadcast_to(x, (*x.shape[:3], 3)) - _MEAN) / _DEVIATION
        outputs = []
        for name, convolution in self.convolutions.items():
            if name.endswith("_1") and name != "conv1_1":
                x = _pool(x)
            x = _convolve(x, convolution)
            if name in self.layers:
                outputs.append(x)
        return outputs

    def distance(self, x_hat: jax.Array, x: jax.Array) -> jax.Array:
        """The mean over the layers of their outputs' mean squared difference, (N,).

        Args:
          x_hat, x: pictures, float32 (N, H, W, C) in [0, 1]; the first may overshoot.
        """
        distances = [
            jnp.mean(jnp.square(a - b), (1, 2, 3))
            for a, b in zip(self.features(x_hat), self.features(x), strict=True)
        ]
        return jnp.mean(jnp.stack(distances), 0)

    def initialize(self, rec: Variables) -> Variables:
        """RecCNN's variables, of 64 features, with conv1_1 and conv1_2 for its first two layers.

        The normalization of the input moves into conv1_1; along a picture's border, outside of
        which there are zeros, the two differ.
        """
        first, second = (self.convolutions[name] for name in _FIRST)
        kernel = first.kernel / _DEVIATION[:, None]
        bias = first.bias - np.einsum("hwio,i->o", kernel, _MEAN)
        params = dict(rec["params"])
        for block, found in (("ConvBlock_0", Convolution(kernel, bias)), ("ConvBlock_1", second)):
            params[block] = {**params[block], "Conv_0": found._asdict()}
        return {**rec, "params": params}


@functools.lru_cache(maxsize=2)
def load_vgg(path: str, layers: tuple[str, ...]) -> Vgg:
    """Reads a VGG-16 or a VGG-19.

    Args:
      path: a .safetensors or .npz file; what lies behind the deepest of `layers` may be missing.
      layers: names of the layers whose outputs are to be compared, at least one.

    Raises:
      CheckpointError: if there is no such file, or it is of another layout, or has no such layer.
    """
    try:
        return _checked(read_arrays(Path(path)), layers)
    except FileNotFoundError:
        raise CheckpointError(f"{path or 'features.file'}: no such file of VGG's weights") from None
    except (DocumentError, OSError) as error:
        raise CheckpointError(f"{path}: {error}") from None


def _checked(arrays: Mapping[str, np.ndarray], layers: tuple[str, ...]) -> Vgg:
    name = "VGG-19" if _TELLTALE in arrays else "VGG-16"
    positions = dict(_positions(_GROUPS[name]))
    unknown = [layer for layer in layers if layer not in positions]
    if unknown or not layers:
        known = f"{min(positions)} to {max(positions)}"
        raise DocumentError(f"no layer {unknown[0] if unknown else ''!r} in a {name} ({known})")
    deepest = max(positions[layer][0] for layer in (*layers, *_FIRST))
    convolutions = {}
    num_in = 3
    for layer, (position, num_out) in positions.items():
        if position <= deepest:
            convolutions[layer] = _convolution(arrays, name, position, num_in, num_out)
            num_in = num_out
    return Vgg(convolutions, layers)


def _positions(groups: tuple[tuple[int, ...], ...]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yields name, (place in torchvision's list of layers, features) of every convolution."""
    position = 0
    for group, sizes in enumerate(groups, start=1):
        for index, num_out in enumerate(sizes, start=1):
            yield f"conv{group}_{index}", (position, num_out)
            position += 2  # the convolution, its ReLU
        position += 1  # the pooling


def _convolution(
    arrays: Mapping[str, np.ndarray], name: str, position: int, num_in: int, num_out: int
) -> Convolution:
    """One layer; raises DocumentError where the file's is missing or of another shape."""
    expected = {"weight": (num_out, num_in, 3, 3), "bias": (num_out,)}
    found = {}
    for part, shape in expected.items():
        key = f"features.{position}.{part}"
        if key not in arrays:
            raise DocumentError(f"not torchvision's layout of a {name} ({key} is missing)")
        if arrays[key].shape != shape:
            raise DocumentError(
                f"not torchvision's layout of a {name} ({key} is {arrays[key].shape}, not {shape})"
            )
        found[part] = np.asarray(arrays[key], np.float32)
    return Convolution(np.ascontiguousarray(found["weight"].transpose(2, 3, 1, 0)), found["bias"])


def _convolve(x: jax.Array, convolution: Convolution) -> jax.Array:
    """A convolution with a zero on every side, and ReLU."""
    numbers: Any = ("NHWC", "HWIO", "NHWC")
    kernel = jnp.asarray(convolution.kernel)
    x = lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=numbers)
    return jax.nn.relu(x + convolution.bias)


def _pool(x: jax.Array) -> jax.Array:
    """The largest of every 2x2; an odd last row or column is left out."""
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
