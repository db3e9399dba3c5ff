"""VGG's weights from a file, against forward passes that are not ours."""

import io
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from jaxshrink.documents import DocumentError, read_arrays
from jaxshrink.errors import CheckpointError
from jaxshrink.models import ComCNN, Networks, RecCNN, init_variables
from jaxshrink.models.vgg import load_vgg
from jaxshrink.ops.losses import Distortion

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
# Where torchvision's lists have their convolutions, and with how many features.
PLACES = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128)}
VGG_19 = {10: (128, 256), 12: (256, 256), 14: (256, 256), 16: (256, 256)}


def made_up(places=PLACES, seed=0):
    """Weights of torchvision's names and shapes that keep the features' scale."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for place, (num_in, num_out) in places.items():
        kernel = rng.normal(0.0, (2 / (9 * num_in)) ** 0.5, (num_out, num_in, 3, 3))
        arrays[f"features.{place}.weight"] = kernel.astype(np.float32)
        arrays[f"features.{place}.bias"] = rng.normal(0.0, 0.1, num_out).astype(np.float32)
    return arrays


def forward(arrays, x, place):
    """The output of one layer after its ReLU, by sums over taps in float64: (N, C, H, W)."""
    x = ((x - MEAN) / DEVIATION).transpose(0, 3, 1, 2)
    for at in [p for p in (*PLACES, *VGG_19) if p <= place]:
        if at in (5, 10):
            n, c, h, w = x.shape
            cut = x[:, :, : h // 2 * 2, : w // 2 * 2]
            x = cut.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        kernel = arrays[f"features.{at}.weight"].astype(np.float64)
        h, w = x.shape[2:]
        x = sum(
            np.einsum("oi,nihw->nohw", kernel[:, :, i, j], padded[:, :, i : i + h, j : j + w])
            for i in range(3)
            for j in range(3)
        )
        x = np.maximum(x + arrays[f"features.{at}.bias"][:, None, None], 0.0)
    return x


@pytest.fixture(scope="module")
def pictures(photograph):
    return photograph[None, 100:111, 60:73].astype(np.float64) / 255


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg") / "vgg16.safetensors"
    save_file({**made_up(), "classifier.0.weight": np.zeros((2, 2), np.float32)}, path)
    return str(path)


def test_features_are_those_of_an_independent_forward_pass(file, pictures):
    names = ("conv1_2", "conv2_1", "conv2_2")
    found = load_vgg(file, names).features(jnp.asarray(pictures, jnp.float32))
    for place, features in zip((2, 5, 7), found, strict=True):
        expected = forward(made_up(), pictures, place).transpose(0, 2, 3, 1)
        np.testing.assert_allclose(features, expected, atol=1e-4)


def test_features_are_torchs(file, pictures):
    torch = pytest.importorskip("torch")
    layers = []
    for place, sizes in PLACES.items():
        layers += [torch.nn.MaxPool2d(2)] if place == 5 else []
        layers += [torch.nn.Conv2d(*sizes, 3, padding=1), torch.nn.ReLU()]
    # torchvision's `features`, up to conv2_2.
    features = torch.nn.Sequential(*layers)
    state = {k.removeprefix("features."): torch.from_numpy(v) for k, v in made_up().items()}
    features.load_state_dict(state)
    normalized = ((pictures - MEAN) / DEVIATION).transpose(0, 3, 1, 2).astype(np.float32)
    with torch.no_grad():
        expected = features(torch.from_numpy(normalized)).numpy().transpose(0, 2, 3, 1)
    found = load_vgg(file, ("conv2_2",)).features(jnp.asarray(pictures, jnp.float32))[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_fourth_convolution_in_the_third_group_makes_a_vgg_19(tmp_path, pictures):
    arrays = made_up({**PLACES, **VGG_19})
    np.savez(tmp_path / "vgg19.npz", **arrays)
    vgg = load_vgg(str(tmp_path / "vgg19.npz"), ("conv3_4",))
    found = vgg.features(jnp.asarray(pictures, jnp.float32))[0]
    np.testing.assert_allclose(
        found, forward(arrays, pictures, 16).transpose(0, 2, 3, 1), atol=2e-4
    )


def test_the_loss_is_zero_for_equal_pictures_and_has_a_gradient(file, pictures):
    vgg = load_vgg(file, ("conv1_1", "conv2_2"))
    x = jnp.asarray(np.concatenate([pictures, pictures[:, ::-1]]), jnp.float32)
    distortion = Distortion(features=2.0, features_distance=vgg.distance)
    assert distortion(x, x).tolist() == [0.0, 0.0]
    darker = distortion(0.9 * x, x)
    assert darker.shape == (2,) and (darker > distortion(0.99 * x, x)).all()
    np.testing.assert_allclose(darker, 2 * vgg.distance(0.9 * x, x), rtol=1e-6)
    gradient = jax.grad(lambda z: distortion(z, x).sum())(0.9 * x)
    assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0
    # A picture in gray is one of three equal channels.
    gray = x[..., :1]
    np.testing.assert_allclose(
        vgg.distance(gray, 0.9 * gray),
        vgg.distance(*[jnp.repeat(g, 3, 3) for g in (gray, 0.9 * gray)]),
    )


def test_reccnn_begins_with_the_first_two_layers(file, pictures):
    vgg = load_vgg(file, ("conv1_2",))
    rec = RecCNN(features=64, num_layers=4)
    key = jax.random.key(0)
    variables = init_variables(Networks(ComCNN(features=8), rec), key, key).rec
    started = vgg.initialize(variables)
    assert jax.tree.map(jnp.shape, started) == jax.tree.map(jnp.shape, variables)
    x = jnp.asarray(pictures, jnp.float32)
    _, state = rec.apply(started, x, capture_intermediates=True)
    found = state["intermediates"]["ConvBlock_1"]["__call__"][0]
    inside = (slice(None), slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(found[inside], vgg.features(x)[0][inside], atol=1e-4)
    for name in ("ConvBlock_2", "Conv_0"):
        jax.tree.map(
            np.testing.assert_array_equal, started["params"][name], variables["params"][name]
        )


def renamed(arrays):
    return {name.replace("features", "vgg.block"): array for name, array in arrays.items()}


def with_batch_norm(arrays):
    return {**arrays, "features.1.running_mean": np.zeros(64, np.float32)} | {
        "features.3.weight": arrays["features.2.weight"]
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (renamed, r"features\.0\.weight is missing"),
        (lambda a: {k: v for k, v in a.items() if k != "features.5.bias"}, r"features\.5\.bias is"),
        (
            lambda a: {k: v for k, v in with_batch_norm(a).items() if k != "features.2.weight"},
            r"torchvision's layout of a VGG-16 \(features\.2\.weight is missing\)",
        ),
        (
            lambda a: {k: v.T if v.ndim == 4 else v for k, v in a.items()},
            r"features\.0\.weight is \(3, 3, 3, 64\), not \(64, 3, 3, 3\)",
        ),
        (lambda a: {**a, "features.0.bias": np.full(64, np.nan, np.float32)}, "not finite"),
    ],
)
def test_another_layout_is_refused_in_one_line(tmp_path, change, message):
    np.savez(tmp_path / "other.npz", **change(made_up()))
    with pytest.raises(CheckpointError, match=message) as error:
        load_vgg(str(tmp_path / "other.npz"), ("conv2_2",))
    assert "\n" not in str(error.value) and "other.npz" in str(error.value)


def test_a_layer_that_there_is_not_is_named(file):
    with pytest.raises(
        CheckpointError, match=r"no layer 'conv6_1' in a VGG-16 \(conv1_1 to conv5_3"
    ):
        load_vgg(file, ("conv6_1",))
    with pytest.raises(CheckpointError, match="no such file"):
        load_vgg("nowhere.safetensors", ("conv1_1",))


def test_arrays_that_hide_something_are_refused(tmp_path):
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, **{"features.0.weight": np.array([{}], object)})
    with pytest.raises(DocumentError, match="no arrays"):
        read_arrays(pickled)
    cut = tmp_path / "cut.npz"
    whole = io.BytesIO()
    np.savez(whole, a=np.zeros(1000))
    cut.write_bytes(whole.getvalue()[:-200])
    with pytest.raises(DocumentError, match="no arrays"):
        read_arrays(cut)
    text = tmp_path / "text.npz"
    with zipfile.ZipFile(text, "w") as archive:
        archive.writestr("a.npy", b"no array")
    with pytest.raises(DocumentError, match="no arrays"):
        read_arrays(text)
