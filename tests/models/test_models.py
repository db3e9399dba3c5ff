import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink.models import ComCNN, RecCNN, create_networks, variables_template
from jaxshrink.models.blocks import ConvBlock
from jaxshrink.ops import images


def shapes(module, channels):
    variables = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((1, 8, 8, channels)))
    flat = jax.tree_util.tree_flatten_with_path(variables["params"])[0]
    return {jax.tree_util.keystr(p, simple=True, separator="."): leaf.shape for p, leaf in flat}


def test_comcnn_has_the_papers_three_layers():
    assert shapes(ComCNN(), 3) == {
        "ConvBlock_0.Conv_0.kernel": (3, 3, 3, 64),
        "ConvBlock_0.Conv_0.bias": (64,),
        "ConvBlock_1.Conv_0.kernel": (3, 3, 64, 64),
        "ConvBlock_1.Conv_0.bias": (64,),
        "Conv_0.kernel": (3, 3, 64, 3),
        "Conv_0.bias": (3,),
    }


def test_reccnn_has_the_papers_twenty_layers():
    table = shapes(RecCNN(), 3)
    kernels = [shape for name, shape in table.items() if name.endswith("kernel")]
    assert kernels.count((3, 3, 64, 64)) == 18
    assert table["ConvBlock_0.Conv_0.kernel"] == (3, 3, 3, 64)
    assert table["Conv_0.kernel"] == (3, 3, 64, 3)
    assert len(kernels) == 20
    assert sum(np.prod(shape) for shape in table.values()) == 668_227


def test_batch_norm_follows_all_layers_of_reccnn_but_the_first_and_the_last():
    table = shapes(RecCNN(channels=1, batch_norm=True), 1)
    normalized = {name.split(".")[0] for name in table if "BatchNorm_0.scale" in name}
    assert normalized == {f"ConvBlock_{k}" for k in range(1, 19)}


def test_batch_norm_knows_the_variance_of_bright_and_smooth_images():
    x = 1.0 + 1e-3 * np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype(np.float32)
    block = ConvBlock(features=3, batch_norm=True)
    # A convolution that lets its input pass.
    variables = block.init(jax.random.key(0), x)
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    kernel[1, 1] = np.eye(3)
    params = {**variables["params"], "Conv_0": {"kernel": kernel, "bias": np.zeros(3, np.float32)}}
    variables = {**variables, "params": params}
    apply = jax.vmap(
        lambda x: block.apply(variables, x, train=True, mutable=["batch_stats"])[0],
        axis_name="batch",
    )
    normalized = np.asarray(apply(x[None])[0])
    deviations = (x - x.mean((0, 1, 2))) / np.sqrt(x.astype(np.float64).var((0, 1, 2)) + 1e-5)
    np.testing.assert_allclose(normalized, np.maximum(deviations, 0), atol=1e-3)


@pytest.mark.parametrize("symmetric_padding", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (5, 8), (16, 15)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_comes_back_as_it_was(size, channels, symmetric_padding):
    com = ComCNN(channels=channels, features=4, symmetric_padding=symmetric_padding)
    rec = RecCNN(channels=channels, features=4, num_layers=3)
    x = jax.random.uniform(jax.random.key(0), (2, *size, channels))
    y, _ = com.init_with_output(jax.random.key(1), x)
    assert y.shape == (2, -(-size[0] // 2), -(-size[1] // 2), channels)
    up_y = images.enlarge(y, size)
    residual, _ = rec.init_with_output(jax.random.key(2), up_y)
    assert (up_y + residual).shape == x.shape


def test_symmetric_padding_moves_the_samples():
    x = jax.random.uniform(jax.random.key(0), (1, 8, 8, 3))
    same, symmetric = ComCNN(features=4), ComCNN(features=4, symmetric_padding=True)
    variables = same.init(jax.random.key(1), x)
    assert jnp.abs(same.apply(variables, x) - symmetric.apply(variables, x)).max() > 1e-3


@pytest.mark.parametrize("symmetric_padding", [False, True])
def test_an_odd_size_is_sampled_where_an_even_one_is(symmetric_padding):
    even = jax.random.uniform(jax.random.key(0), (1, 12, 10, 3))
    com = ComCNN(features=4, symmetric_padding=symmetric_padding)
    variables = com.init(jax.random.key(1), even)
    odd = com.apply(variables, even[:, :11, :9])
    assert odd.shape == (1, 6, 5, 3)
    np.testing.assert_allclose(odd[:, :4, :3], com.apply(variables, even)[:, :4, :3], atol=1e-6)


@pytest.mark.parametrize("symmetric_padding", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_training_starts_from_an_ordinary_downscaling(channels, symmetric_padding):
    x = jax.random.uniform(jax.random.key(0), (1, 8, 12, channels))
    com = ComCNN(channels=channels, features=8, symmetric_padding=symmetric_padding)
    y, _ = com.init_with_output(jax.random.key(1), x)
    means = x.reshape(1, 4, 2, 6, 2, channels).mean(axis=(2, 4))
    np.testing.assert_allclose(y, means, atol=1e-6)


def test_training_starts_from_the_bicubic_enlargement():
    up_y = jax.random.uniform(jax.random.key(0), (1, 8, 8, 3))
    residual, _ = RecCNN(features=4, num_layers=3).init_with_output(jax.random.key(1), up_y)
    assert jnp.all(residual == 0.0)


def test_bfloat16_computes_in_it_but_keeps_parameters_and_results_in_float32():
    x = jax.random.uniform(jax.random.key(0), (1, 16, 16, 3))
    half, full = ComCNN(features=8, dtype=jnp.bfloat16), ComCNN(features=8)
    variables = half.init(jax.random.key(1), x)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    y_half, y_full = half.apply(variables, x), full.apply(variables, x)
    assert y_half.dtype == jnp.float32
    error = jnp.abs(y_half - y_full).max() / jnp.abs(y_full).max()
    assert 0.0 < error < 0.05


def test_dropout_acts_in_training_only():
    x = jax.random.uniform(jax.random.key(0), (1, 8, 8, 3))
    rec = ComCNN(features=8, dropout_rate=0.5)
    variables = rec.init(jax.random.key(1), x)

    def train(seed):
        return rec.apply(variables, x, train=True, rngs={"dropout": jax.random.key(seed)})

    np.testing.assert_array_equal(rec.apply(variables, x), rec.apply(variables, x))
    assert jnp.abs(train(0) - train(1)).max() > 0.0


def test_the_template_is_that_of_the_initial_variables():
    settings = {
        "architecture": "paper",
        "channels": 1,
        "com": {"features": 4},
        "rec": {"features": 4, "num_layers": 3, "batch_norm": True},
    }
    with jax.numpy_dtype_promotion("standard"):  # Flax's batch norm needs it in bfloat16
        template = variables_template(create_networks(settings, "bfloat16"))
    rec = create_networks(settings).rec
    variables = rec.init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    assert jax.tree.structure(template.rec) == jax.tree.structure(variables)
    assert template.com["batch_stats"] == {}
