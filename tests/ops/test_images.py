import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxshrink.ops import images


def test_8_bits_survive_the_conversion_and_back():
    levels = jnp.arange(256, dtype=jnp.uint8)
    np.testing.assert_array_equal(images.to_uint8(images.to_float(levels)), levels)


def test_to_uint8_clips_and_rounds():
    values = jnp.array([-1.0, 0.0, 0.0021, 0.5 / 255 + 1e-3, 1.0, 7.0])
    np.testing.assert_array_equal(images.to_uint8(values), [0, 0, 1, 1, 255, 255])


@pytest.mark.parametrize(("function", "dtype"), [("to_float", "float32"), ("to_uint8", "uint8")])
def test_conversions_refuse_the_other_dtype(function, dtype):
    with pytest.raises(TypeError, match=dtype):
        getattr(images, function)(jnp.zeros(3, dtype))


@pytest.mark.parametrize("size", [(2, 2), (1, 1), (7, 12), (64, 50)])
def test_enlarge_is_pillows_bicubic_in_floating_point(photograph, size):
    h, w = images.compact_size(size)
    small = (photograph[:h, :w] / 255).astype(np.float32)
    enlarged = images.enlarge(jnp.asarray(small)[None], size)
    assert enlarged.shape == (1, *size, 3)
    for channel in range(3):
        band = Image.fromarray(small[:, :, channel])
        expected = np.asarray(band.resize((2 * w, 2 * h), Image.Resampling.BICUBIC))
        np.testing.assert_allclose(
            enlarged[0, :, :, channel], expected[: size[0], : size[1]], atol=1e-6
        )


def test_enlarge_refuses_a_size_that_does_not_fit():
    with pytest.raises(ValueError, match="cannot be enlarged"):
        images.enlarge(jnp.zeros((1, 4, 4, 3)), (9, 8))


def test_the_gradient_of_enlarge_keeps_constants():
    # The taps of every output sample sum to one, so the gradient of the sum does to four.
    gradient = jax.grad(lambda y: images.enlarge(y, (12, 12)).sum())(jnp.ones((1, 6, 6, 1)))
    np.testing.assert_allclose(gradient.sum(), 12 * 12, rtol=1e-6)
