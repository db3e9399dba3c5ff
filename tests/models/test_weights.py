import numpy as np
import pytest

from benchmarks import jiang2017
from jaxshrink.errors import CheckpointError
from jaxshrink.models.jiang2017 import load_jiang2017


def test_published_weights_reproduce_independent_measurements(reference_data):
    for row, measured in jiang2017.measure(reference_data / "jiang2017").items():
        assert jiang2017.agree(measured, jiang2017.EXPECTED[row]), (row, measured)


def test_conventions_are_translated(tmp_path):
    """Small weights in MatConvNet's conventions, written by SciPy itself."""
    scipy_io = pytest.importorskip("scipy.io")
    rng = np.random.default_rng(0)
    first, middle, last = (rng.normal(size=s) for s in ((3, 3, 4), (3, 3, 4, 4), (3, 3, 4)))
    deviation = rng.uniform(0.5, 2.0, 4)
    norm = [np.ones(4), np.zeros(4), np.stack([np.arange(4.0), deviation], axis=1)]

    def layer(kind, *weights):
        return {"type": kind, "weights": np.array([*weights, None], object)[:-1]}

    layers = [
        layer("conv", first, np.arange(4.0)),
        {"type": "relu"},
        layer("conv", middle, np.zeros(4)),
        layer("bnorm", *norm),
        {"type": "relu"},
        layer("conv", last, np.zeros(0)),
        {"type": "loss"},
    ]
    path = tmp_path / "weights.mat"
    scipy_io.savemat(path, {"net": {"layers": np.array(layers, object)}})
    _, variables = load_jiang2017(path, path)

    params = variables.rec["params"]
    np.testing.assert_allclose(
        params["ConvBlock_0"]["Conv_0"]["kernel"], first[:, :, None, :], rtol=1e-6
    )
    np.testing.assert_allclose(params["ConvBlock_0"]["Conv_0"]["bias"], np.arange(4.0))
    np.testing.assert_allclose(params["ConvBlock_1"]["Conv_0"]["kernel"], middle, rtol=1e-6)
    statistics = variables.rec["batch_stats"]["ConvBlock_1"]["BatchNorm_0"]
    np.testing.assert_allclose(statistics["mean"], np.arange(4.0))
    np.testing.assert_allclose(np.sqrt(statistics["var"] + 1e-5), deviation, rtol=1e-6)
    # Theirs is subtracted, ours added; ComCNN has no such sign.
    np.testing.assert_allclose(params["Conv_0"]["kernel"], -last[..., None], rtol=1e-6)
    np.testing.assert_allclose(
        variables.com["params"]["Conv_0"]["kernel"], last[..., None], rtol=1e-6
    )
    np.testing.assert_array_equal(params["Conv_0"]["bias"], [0.0])


def test_what_is_no_such_file_is_refused(tmp_path):
    path = tmp_path / "weights.mat"
    with pytest.raises(CheckpointError, match=r"weights\.mat"):
        load_jiang2017(path, path)
    path.write_bytes(b"not MATLAB's")
    with pytest.raises(CheckpointError, match=r"weights\.mat"):
        load_jiang2017(path, path)
