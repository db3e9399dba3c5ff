import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink.models import (
    UNIT,
    Networks,
    NetworkVariables,
    create_networks,
    init_variables,
    lmbda_of_quality,
)
from jaxshrink.models.described import describe_networks
from jaxshrink.ops import images, jpeg

TABLES = jnp.full((1, 2, 8, 8), 20.0)


def networks(scale, **options) -> Networks:
    return create_networks(
        {
            "architecture": "residual",
            "channels": 3,
            "scale": scale,
            "com": {"features": 8, "num_blocks": 1, **options},
            "rec": {"features": 8, "num_blocks": 2, **options},
        }
    )


def shaken(nets: Networks) -> NetworkVariables:
    """Variables none of which is zero."""
    variables = init_variables(nets, jax.random.key(0), jax.random.key(1))
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda v: v + np.float32(0.1 * rng.normal(size=v.shape)), variables)


@pytest.mark.parametrize(("scale", "compact"), [(2, (9, 7)), (1, (17, 13))])
def test_shapes_of_odd_images(scale, compact):
    nets = networks(scale)
    x = jnp.full((1, 17, 13, 3), 0.4)
    y, com = nets.com.init_with_output(jax.random.key(0), x, TABLES)
    assert y.shape == (1, *compact, 3)
    x_hat, _ = nets.rec.init_with_output(
        jax.random.key(0), y, (17, 13), TABLES, method="reconstruct"
    )
    assert x_hat.shape == x.shape
    tables = nets.com.apply(com, jnp.asarray([100.0, 1000.0]), method="tables")
    assert tables.shape == (2, 2, 8, 8)


@pytest.mark.parametrize("scale", [2, 1])
def test_untrained_networks_are_the_classical_method(scale, photograph):
    nets = networks(scale)
    variables = init_variables(nets, jax.random.key(0), jax.random.key(1))
    x = jnp.asarray(photograph[None, :32, :48], jnp.float32) / 255
    y = nets.com.apply(variables.com, x, TABLES)
    x_hat = nets.rec.apply(variables.rec, y, (32, 48), TABLES, method="reconstruct")
    expected = images.enlarge(images.halve(x), (32, 48)) if scale == 2 else x
    # At its border, the bicubic kernel sees the picture's reflection.
    inside = (slice(None), slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(x_hat[inside], expected[inside], atol=1e-6)


@pytest.mark.parametrize("scale", [2, 1])
@pytest.mark.parametrize("conditioned", [True, False])
def test_tables_matter_where_the_networks_are_told(scale, conditioned, photograph):
    nets = networks(scale, conditioned=conditioned)
    variables = shaken(nets)
    x = jnp.asarray(photograph[None, :16, :16], jnp.float32) / 255

    def y(tables):
        return nets.com.apply(variables.com, x, tables)

    def x_hat(tables):
        return nets.rec.apply(
            variables.rec, x[:, ::scale, ::scale], (16, 16), tables, method="reconstruct"
        )

    for function in (y, x_hat):
        change = np.abs(function(TABLES) - function(4 * TABLES)).max()
        assert (change > 1e-4) == conditioned


def test_tables_grow_with_the_price_of_a_bit():
    nets = networks(2)
    com = init_variables(nets, jax.random.key(0), jax.random.key(1)).com
    qualities = jnp.asarray([1.0, 50.0, 100.0])
    lmbda = lmbda_of_quality(qualities)
    assert list(lmbda) == sorted(lmbda, reverse=True)
    tables = np.asarray(nets.com.apply(com, lmbda, method="tables"))
    assert (np.diff(tables, axis=0) < 0).all()
    # s^2 = 6 lmbda / (ln 2 * scale^2), times 1/2 for the means.
    expected = 0.5 * np.sqrt(6 * np.asarray(lmbda) / np.log(2) / 4)
    np.testing.assert_allclose(tables[:, 0, 0, 0], expected, rtol=1e-5)


def test_units_are_whole_blocks_at_both_scales():
    assert UNIT % (2 * jpeg.BLOCK) == 0


def test_a_described_network_stands_for_its_module(photograph):
    settings = {"architecture": "residual", "channels": 3, "com": {"features": 8}}
    settings["rec"] = {"features": 8, "num_coarse_blocks": 1, "coarse_features": 8}
    modules, described = create_networks(settings), describe_networks(settings)
    for module, stand_in in zip(modules, described, strict=True):
        assert (module.radius, module.scale) == (stand_in.radius, stand_in.scale)
    variables = init_variables(modules, jax.random.key(0), jax.random.key(1))
    x = photograph[None, :32, :48] / np.float32(255)
    tables = np.full((1, 2, 8, 8), 9, np.float32)
    found, expected = (com.apply(variables.com, x, tables) for com in (described.com, modules.com))
    np.testing.assert_array_equal(found, expected)
