import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxshrink.codecs import CODECS, decode_jpeg, encode_jpeg, read_tables
from jaxshrink.ops import jpeg

FLAT = np.full((2, 8, 8), 24.0, np.float32)


def round_trip(image, tables, subsampling="4:2:0"):
    x = jnp.asarray(image[None], jnp.float32) / 255
    decoded, bits = jax.jit(jpeg.round_trip, static_argnums=2)(x, tables[None], subsampling)
    return np.round(255 * np.asarray(decoded[0])), float(bits[0])


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 100])
def test_standard_tables_are_libjpegs(quality, photograph):
    file = CODECS["jpeg"].encode(photograph[:16, :16], quality)
    np.testing.assert_array_equal(jpeg.standard_tables(jnp.float32(quality)), read_tables(file))


@pytest.mark.parametrize("subsampling", jpeg.SUBSAMPLINGS)
@pytest.mark.parametrize("quality", [5, 25, 50, 85])
@pytest.mark.parametrize("size", [(160, 176), (131, 95)])
def test_pixels_are_pillows_within_two_levels(photograph, size, quality, subsampling):
    image = photograph[60 : 60 + size[0], 120 : 120 + size[1]]
    tables = np.asarray(jpeg.standard_tables(jnp.float32(quality)))
    expected = decode_jpeg(encode_jpeg(image, tables, subsampling), 3)
    decoded, _ = round_trip(image, tables, subsampling)
    assert (np.abs(decoded - expected) <= 2).mean() >= 0.99


def test_grayscale_uses_the_first_table(photograph):
    image = photograph[:64, :64, :1]
    tables = np.stack([FLAT[0], 9 * FLAT[1]])
    decoded, _ = round_trip(image, tables)
    expected = decode_jpeg(encode_jpeg(image, tables), 1)
    assert (np.abs(decoded - expected) <= 2).mean() >= 0.99


def test_estimated_bits_have_the_rank_and_the_scale_of_real_files(photograph):
    crops = [photograph[r : r + 128, c : c + 128] for r in (0, 180, 360) for c in (0, 200, 380)]
    estimates, sizes = [], []
    for crop in crops:
        for step in (6, 12, 24, 48, 96):
            tables = FLAT * (step / 24)
            estimates.append(round_trip(crop, tables)[1])
            file = io.BytesIO()
            Image.fromarray(crop).save(
                file,
                "JPEG",
                qtables=[t.astype(int).ravel().tolist() for t in tables],
                optimize=True,
                progressive=True,
            )
            sizes.append(8 * len(file.getvalue()))
    ratio = np.array(estimates) / sizes
    assert (np.abs(ratio - 1) < 0.25).all()
    ranks = [np.argsort(np.argsort(values)) for values in (estimates, sizes)]
    assert np.corrcoef(*ranks)[0, 1] > 0.99


def test_gradients_reach_pixels_and_tables(photograph):
    x = jnp.asarray(photograph[None, :32, :32], jnp.float32) / 255

    def loss(x, tables):
        decoded, bits = jpeg.round_trip(x, jpeg.whole_steps(tables))
        return jnp.sum(jnp.square(decoded - 0.5)), jnp.sum(bits)

    for part in (0, 1):
        gradients = jax.grad(lambda x, t, part=part: loss(x, t)[part], (0, 1))(x, FLAT[None])
        for gradient in gradients:
            assert np.isfinite(gradient).all()
            assert np.abs(gradient).max() > 0
    # Coarser tables take fewer bits.
    assert jax.grad(lambda t: loss(x, t)[1])(FLAT[None]).sum() < 0


def test_flat_images_have_finite_gradients():
    x = jnp.full((1, 16, 16, 3), 0.5)
    gradient = jax.grad(lambda x: jnp.sum(jpeg.round_trip(x, FLAT[None]).bits))(x)
    assert np.isfinite(gradient).all()


def test_tables_are_rounded_to_what_a_file_can_hold():
    steps = jnp.asarray([0.2, 1.4, 1.6, 300.0])
    np.testing.assert_array_equal(jpeg.whole_steps(steps), [1, 1, 2, 255])
    np.testing.assert_array_equal(jax.grad(lambda s: jpeg.whole_steps(s).sum())(steps), 1.0)


def test_shapes_that_do_not_fit_are_errors():
    x = jnp.zeros((2, 8, 8, 3))
    with pytest.raises(ValueError, match="tables"):
        jpeg.round_trip(x, FLAT[None])
    with pytest.raises(ValueError, match="expected"):
        jpeg.round_trip(jnp.zeros((1, 8, 8, 4)), FLAT[None])
    with pytest.raises(ValueError, match="subsampling"):
        jpeg.round_trip(x[:1], FLAT[None], "4:1:1")
