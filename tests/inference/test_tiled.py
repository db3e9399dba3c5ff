"""Windows give what the whole image gives."""

import jax
import numpy as np
import pytest

from jaxshrink.inference import tiled
from jaxshrink.inference.pipeline import Pipeline
from jaxshrink.models import ResidualComCNN, create_networks, init_variables

TABLES = np.full((2, 8, 8), 20, np.float32)


def random_pipeline(scale, stride=2, num_coarse_blocks=1):
    """Networks in which every parameter counts, the grid above all."""
    trunk = {"features": 8, "num_blocks": 1, "coarse_features": 8}
    trunk["num_coarse_blocks"] = num_coarse_blocks
    networks = create_networks(
        {
            "architecture": "residual",
            "channels": 3,
            "scale": scale,
            "stride": stride,
            "com": trunk,
            "rec": trunk,
        }
    )
    variables = init_variables(networks, jax.random.key(0), jax.random.key(1))
    leaves, structure = jax.tree.flatten(variables)
    keys = jax.random.split(jax.random.key(2), len(leaves))
    noise = [
        leaf + 0.2 * jax.random.normal(key, leaf.shape)
        for leaf, key in zip(leaves, keys, strict=True)
    ]
    return Pipeline(networks, jax.tree.unflatten(structure, noise), learned_tables=True)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (47, 200), (151, 333), (260, 260)])
@pytest.mark.parametrize(("largest", "stride"), [(96, 2), (96, 4), (tiled.LARGEST, 4)])
def test_windows_give_what_the_whole_image_gives(scale, size, largest, stride, photograph):
    pipeline = random_pipeline(scale, stride)
    pipeline.largest_tile = largest
    x = photograph[: size[0], : size[1]]
    y = pipeline.compact(x[None], TABLES)[0]
    off_by_one(pipeline.compact_tiled(x, TABLES), y)
    off_by_one(
        pipeline.reconstruct_tiled(y, size, TABLES), pipeline.reconstruct(y[None], size, TABLES)[0]
    )


def off_by_one(a, b):
    """Equal but for rounding, which hits hardly any pixel."""
    difference = np.abs(a.astype(int) - b)
    assert a.shape == b.shape
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_a_smaller_radius_would_show(photograph, monkeypatch):
    pipeline = random_pipeline(2)
    pipeline.largest_tile = 64
    x = photograph[:260, :260]
    whole = pipeline.compact(x[None], TABLES)[0]
    monkeypatch.setattr(ResidualComCNN, "radius", 0)
    assert np.abs(pipeline.compact_tiled(x, TABLES).astype(int) - whole).max() > 1


def test_many_sizes_compile_few_functions(photograph):
    pipeline = random_pipeline(2)
    before = tiled._reconstruct.num_compiled
    for index in range(12):
        size = (101 + 7 * index, 161 - 3 * index)
        half = tuple(-(-side // 2) for side in size)
        y = np.ascontiguousarray(photograph[: half[0], : half[1]])
        assert pipeline.reconstruct_tiled(y, size, TABLES).shape == (*size, 3)
    assert tiled._reconstruct.num_compiled - before <= 8


@pytest.mark.parametrize("scale", [1, 2])
def test_a_flat_picture_stays_flat_to_its_border(scale):
    # These look no further than the picture is continued.
    pipeline = random_pipeline(scale, num_coarse_blocks=0)
    y = np.full((40, 56, 3), 250, np.uint8)
    x_hat = pipeline.reconstruct_tiled(y, (40 * scale, 56 * scale), TABLES).astype(int)
    period = 8 * scale
    inner = x_hat[period : 2 * period, period : 2 * period]
    np.testing.assert_allclose(x_hat[:period, :period], inner, atol=1)


def test_windows_in_groups_are_the_windows(photograph, monkeypatch):
    pipeline = random_pipeline(2)
    pipeline.largest_tile = 64
    y = photograph[:150, :130]
    one_by_one = pipeline.reconstruct_tiled(y, (300, 260), TABLES)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    off_by_one(pipeline.reconstruct_tiled(y, (300, 260), TABLES), one_by_one)
