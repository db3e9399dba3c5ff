"""The weights that Jiang et al. 2017 published, in our modules."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from jaxshrink.documents import MAX_WEIGHTS, read_bytes
from jaxshrink.errors import CheckpointError
from jaxshrink.models.comcnn import ComCNN
from jaxshrink.models.reccnn import RecCNN
from jaxshrink.models.settings import Networks, NetworkVariables, Variables

# What flax.linen.BatchNorm adds to the variance.
_FLAX_EPSILON = 1e-5


def load_jiang2017(com_path: Path, rec_path: Path) -> tuple[Networks, NetworkVariables]:
    """Imports the MatConvNet weights published with Jiang et al. 2017, grayscale.

    Theirs and ours agree on kernels (HWIO, cross-correlation) and on images in [0, 1]. They
    pad every side by one zero, also where the stride is 2: `symmetric_padding`. Their RecCNN
    predicts up(y_hat) - x and is subtracted; ours is added, so its last kernel changes sign.
    Their batch norm stores the standard deviation, epsilon included.

    Args:
      com_path, rec_path: ComCNN_QF=50.mat and RecCNN_QF=50.mat.

    Returns:
      The modules and their variables.

    Raises:
      CheckpointError: if a file cannot be read, or scipy is not installed.
    """
    com = ComCNN(channels=1, symmetric_padding=True)
    rec = RecCNN(channels=1, batch_norm=True)
    com_variables = _variables(_load_layers(com_path), subtracted=False)
    rec_variables = _variables(_load_layers(rec_path), subtracted=True)
    return Networks(com, rec), NetworkVariables(com_variables, rec_variables)


def _load_layers(path: Path) -> list[dict[str, Any]]:
    try:
        import scipy.io
    except ImportError:
        raise CheckpointError(
            "reading .mat files needs scipy: pip install 'jaxshrink[jiang2017]'"
        ) from None
    try:
        file = io.BytesIO(read_bytes(path, MAX_WEIGHTS))
        return list(scipy.io.loadmat(file, simplify_cells=True)["net"]["layers"])
    except Exception as error:  # SciPy raises errors of many kinds on other files
        raise CheckpointError(f"{path}: no MatConvNet weights ({error})") from error


def _variables(layers: list[dict[str, Any]], *, subtracted: bool) -> Variables:
    """Maps MatConvNet's list of layers to the variables of ComCNN or RecCNN."""
    params: Variables = {}
    batch_stats: Variables = {}
    channels, block = 1, ""
    num_blocks = sum(layer["type"] == "conv" for layer in layers) - 1
    for layer in layers:
        if layer["type"] == "conv":
            convolution = _convolution(layer["weights"], channels)
            channels = convolution["kernel"].shape[3]
            block = f"ConvBlock_{len(params)}"
            if len(params) < num_blocks:
                params[block] = {"Conv_0": convolution}
            else:
                params["Conv_0"] = convolution
        elif layer["type"] == "bnorm":
            scale, bias, moments = map(_array, layer["weights"])
            mean, deviation = moments.T
            variance = np.square(deviation) - _FLAX_EPSILON
            params[block]["BatchNorm_0"] = {"scale": scale, "bias": bias}
            batch_stats[block] = {"BatchNorm_0": {"mean": mean, "var": variance}}
    if subtracted:
        params["Conv_0"] = {name: -array for name, array in params["Conv_0"].items()}
    return {"params": params, "batch_stats": batch_stats}


def _convolution(weights: Any, num_in: int) -> dict[str, np.ndarray]:
    """Kernel, (3, 3, I, O), of which MATLAB drops axes of size 1, and bias, zero where absent."""
    kernel = _array(weights[0]).reshape(3, 3, num_in, -1)
    bias = _array(weights[1]).reshape(-1) if len(weights) > 1 else np.zeros(0, np.float32)
    return {"kernel": kernel, "bias": bias if bias.size else np.zeros(kernel.shape[3], np.float32)}


def _array(value: Any) -> np.ndarray:
    return np.asarray(value, np.float32)
