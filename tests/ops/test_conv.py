import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxshrink.ops import conv


def random(*shape: int, seed: int = 0) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape)


@pytest.mark.parametrize(
    ("shape", "num_out"),
    [
        ((1, 40, 40, 8), 16),  # several blocks, the last one full
        ((2, 37, 41, 6), 3),  # a last block to fill up; the roles exchange
        ((3, 9, 1000, 3), 5),  # rows longer than a block
        ((1, 1, 1, 4), 4),
        ((1, 2, 1, 1), 3),
        # Wide enough for Winograd's algorithm:
        ((2, 40, 60, 48), 49),  # one strip of whole tiles
        ((2, 61, 90, 48), 48),  # two strips, tiles to fill up
        ((1, 65, 90, 48), 48),  # a last strip to fill up
        ((1, 5, 1000, 48), 48),  # strips higher than the image
        ((1, 9, 1000, 48), 48),  # rows longer than a strip
        ((1, 1, 1, 48), 48),
    ],
)
def test_the_result_and_all_gradients_equal_xlas(shape, num_out):
    x, kernel, bias = random(*shape), random(3, 3, shape[3], num_out, seed=1), random(num_out)

    def loss(convolve):
        # Squared: rounding to either side of ReLU's zero then hardly moves the gradient.
        return lambda *arrays: jnp.mean(jnp.square(convolve(*arrays)))

    def reference(x, kernel, bias):
        dimensions = ("NHWC", "HWIO", "NHWC")
        y = lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=dimensions)
        return jax.nn.relu(y + bias)

    def convolve(x, kernel, bias):
        return conv.conv3x3(x, kernel, bias, True)

    with jax.default_matmul_precision("highest"):
        arrays = x, kernel, bias
        ours = convolve(*arrays), *jax.grad(loss(convolve), (0, 1, 2))(*arrays)
        theirs = reference(*arrays), *jax.grad(loss(reference), (0, 1, 2))(*arrays)
    tolerance = 2e-5 if min(shape[3], num_out) >= 48 else 2e-6
    for our, their in zip(ours, theirs, strict=True):
        scale = jnp.abs(their).max()
        np.testing.assert_allclose(our / scale, their / scale, atol=tolerance)


@pytest.mark.parametrize("channels", [4, 48])
def test_on_a_cpu_xlas_own_gradient_is_not_in_use(channels):
    x, kernel = random(2, 40, 40, channels), random(3, 3, channels, channels)
    # The loop over blocks or strips; XLA's own gradient has none.
    assert " while(" in compiled(jax.grad(lambda k: conv.conv3x3(x, k).sum()), kernel)


@pytest.mark.parametrize(
    ("channels", "dtype", "is_winograd"),
    [(4, "float32", False), (48, "float32", True), (48, "bfloat16", False)],
)
def test_on_a_cpu_many_channels_go_through_winograds_algorithm(channels, dtype, is_winograd):
    x, kernel = random(2, 40, 40, channels), random(3, 3, channels, channels)
    text = compiled(conv.conv3x3, x.astype(dtype), kernel.astype(dtype))
    assert (" while(" in text) == is_winograd
    gradient = compiled(conv.kernel_gradient, x.astype(dtype), x.astype(dtype))
    assert (f"f32[6,6,{channels},{channels}]" in gradient) == is_winograd


@pytest.mark.parametrize("channels", [3, 48])
def test_bias_and_relu_can_be_left_out(channels):
    x, kernel, bias = random(1, 9, 8, channels), random(3, 3, channels, channels), random(channels)
    y = conv.conv3x3(x, kernel)
    assert y.min() < 0
    np.testing.assert_allclose(conv.conv3x3(x, kernel, bias), y + bias, atol=1e-4)
    relu = conv.conv3x3(x, kernel, relu=True)
    np.testing.assert_allclose(relu, jnp.maximum(y, 0), atol=1e-4)
    without = jax.grad(lambda k: conv.conv3x3(x, k).sum())(kernel)
    np.testing.assert_allclose(without, conv.kernel_gradient(x, jnp.ones_like(y)), rtol=1e-4)


@pytest.mark.parametrize("channels", [3, 48])
def test_no_gradient_passes_where_relu_is_zero(channels):
    x, kernel, bias = random(2, 9, 8, channels), random(3, 3, channels, channels), random(channels)
    gradient = jax.grad(lambda b: conv.conv3x3(x, kernel, b, True).sum())(bias)
    passing = conv.conv3x3(x, kernel, bias, True) > 0
    np.testing.assert_array_equal(gradient, passing.sum((0, 1, 2)))


def test_nothing_has_no_result():
    assert conv.conv3x3(random(0, 8, 8, 48), random(3, 3, 48, 48)).shape == (0, 8, 8, 48)


def compiled(function, *arrays) -> str:
    return jax.jit(function).lower(*arrays).compile().as_text()


def test_the_gradients_keep_the_dtype():
    shapes = (1, 8, 8, 4), (3, 3, 4, 4), (4,)
    arrays = [random(*shape).astype(jnp.bfloat16) for shape in shapes]

    def loss(x, kernel, bias):
        return conv.conv3x3(x, kernel, bias, True).astype(jnp.float32).sum()

    gradients = jax.grad(loss, (0, 1, 2))(*arrays)
    assert [g.dtype for g in gradients] == 3 * [jnp.bfloat16]


@pytest.mark.parametrize("channels", [3, 48])
def test_it_can_be_mapped_over_devices_and_examples(channels):
    x, kernel = random(8, 2, 8, 8, channels), random(3, 3, channels, channels)

    def loss(kernel, bias, x):
        return jnp.square(conv.conv3x3(x, kernel, bias, True)).sum()

    gradients = jax.grad(loss, (0, 1))
    one_by_one = [gradients(kernel, random(channels), part) for part in x]
    for over in jax.vmap, jax.pmap:
        mapped = over(gradients, in_axes=(None, None, 0))(kernel, random(channels), x)
        for ours, theirs in zip(mapped, zip(*one_by_one, strict=True), strict=True):
            np.testing.assert_allclose(ours, jnp.stack(theirs), rtol=1e-4)


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        conv.conv3x3(random(1, 8, 8, 4), random(3, 3, 3, 4))
