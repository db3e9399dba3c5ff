import dataclasses
import functools
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxshrink.codecs import codec_by_name, round_trip_batch
from jaxshrink.errors import ConfigError
from jaxshrink.models import ComCNN, Networks, RecCNN
from jaxshrink.ops import images, jpeg
from jaxshrink.training import devices
from jaxshrink.training.objective import PAPER
from jaxshrink.training.state import create_optimizer, create_state
from jaxshrink.training.steps import Setup, Steps, create_steps

# With this optimizer, old parameters - new parameters = gradient.
DESCENT = optax.sgd(1.0)
# Of eight images on eight devices.
QUALITY = np.full((8, 1), 50.0, np.float32)


def tiny(**options) -> Networks:
    return Networks(ComCNN(features=4, **options), RecCNN(features=4, num_layers=3, **options))


@functools.cache
def start(networks):
    """A state, on the host, whose RecCNN does not start from zero."""
    state = host(create_state(networks, DESCENT, 0))
    last = state.rec.params["Conv_0"]
    noise = 0.1 * np.random.default_rng(9).normal(size=last["kernel"].shape)
    params = {**state.rec.params, "Conv_0": {**last, "kernel": np.float32(noise)}}
    return state.replace(rec=state.rec.replace(params=params))


@functools.cache
def mapped(networks, optimizer=DESCENT, **options) -> Steps:
    return devices.map_over_devices(create_steps(Setup(networks, optimizer, seed=0, **options)))


def host(state):
    # Copies, since the memory behind a donated state is used again.
    return jax.tree.map(np.array, state)


def assert_equal(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


def assert_close(a, b, tolerance=1e-5):
    """Close relative to the largest value of each array."""
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        left, right = np.asarray(left), np.asarray(right)
        scale = max(np.abs(right).max(), 1e-12)
        np.testing.assert_allclose(left / scale, right / scale, atol=tolerance, rtol=0)


@pytest.fixture(scope="module")
def x(photograph) -> np.ndarray:
    return np.stack([photograph[40 * k : 40 * k + 16, 100:118] for k in range(8)])


@pytest.fixture(scope="module")
def y_hat(photograph) -> np.ndarray:
    return np.stack([photograph[40 * k : 40 * k + 16 : 2, 101:119:2] for k in range(8)])


def test_com_step_follows_the_gradient_of_eq_2_and_leaves_reccnn(x):
    networks = tiny()
    state = start(networks)

    def eq_2(params):
        originals = images.to_float(jnp.asarray(x))
        up_y = images.enlarge(networks.com.apply({"params": params}, originals), (16, 18))
        residual = networks.rec.apply({"params": state.rec.params}, up_y)
        return jnp.sum(jnp.square(up_y + residual - originals)) / (2 * len(x))

    loss, gradient = jax.value_and_grad(eq_2)(state.com.params)
    new, metrics = mapped(networks).com_step(devices.replicate(state), devices.split(x), QUALITY)
    new = host(new)
    assert_close(jax.tree.map(np.subtract, state.com.params, new.com.params), gradient)
    assert metrics["com_loss"] == pytest.approx(float(loss), rel=1e-5)
    assert_equal(new.rec, state.rec)
    assert new.com.num_updates == 1


def test_rec_step_follows_the_gradient_of_eq_3_and_leaves_comcnn(x, y_hat):
    networks = tiny()
    state = start(networks)

    def eq_3(params):
        up_y_hat = images.enlarge(images.to_float(jnp.asarray(y_hat)), (16, 18))
        target = images.to_float(jnp.asarray(x)) - up_y_hat
        residual = networks.rec.apply({"params": params}, up_y_hat)
        return jnp.sum(jnp.square(residual - target)) / (2 * len(x))

    loss, gradient = jax.value_and_grad(eq_3)(state.rec.params)
    new, metrics = mapped(networks).rec_step(
        devices.replicate(state), devices.split(x), devices.split(y_hat), QUALITY
    )
    new = host(new)
    assert_close(jax.tree.map(np.subtract, state.rec.params, new.rec.params), gradient)
    assert metrics["rec_loss"] == pytest.approx(float(loss), rel=1e-5)
    assert_equal(new.com, state.com)
    assert new.rec.num_updates == 1


def gradient_of_rec_step(networks, x, y_hat, **switches):
    objective = dataclasses.replace(PAPER, **switches)
    state = start(networks)
    new, _ = mapped(networks, objective=objective).rec_step(
        devices.replicate(state), devices.split(x), devices.split(y_hat), QUALITY
    )
    return jax.tree.map(np.subtract, state.rec.params, host(new).rec.params)


@pytest.mark.parametrize("levels", [1.0, 255.0])
def test_as_printed_eq_3_teaches_the_opposite_residual(x, y_hat, levels):
    networks = tiny()

    def printed(params):
        up_y_hat = images.enlarge(images.to_float(jnp.asarray(y_hat)), (16, 18))
        target = levels * up_y_hat - images.to_float(jnp.asarray(x))
        residual = networks.rec.apply({"params": params}, up_y_hat)
        return jnp.sum(jnp.square(residual - target)) / (2 * len(x))

    switches = {"eq3_sign": "printed", "eq3_levels": levels == 255.0}
    found = gradient_of_rec_step(networks, x, y_hat, **switches)
    assert_close(found, jax.grad(printed)(start(networks).rec.params))


def test_as_trained_is_the_photograph_once_eq_3_is_zero(x, y_hat):
    originals, y_hat = (images.to_float(jnp.asarray(a)) for a in (x, y_hat))
    up_y_hat = images.enlarge(y_hat, (16, 18))
    for sign, levels in (("added", False), ("added", True), ("printed", False), ("printed", True)):
        objective = dataclasses.replace(PAPER, eq3_sign=sign, eq3_levels=levels)
        lacks = originals - (255.0 if levels else 1.0) * up_y_hat
        x_hat = up_y_hat + (lacks if sign == "added" else -lacks)
        np.testing.assert_allclose(objective.as_trained(x_hat, y_hat), originals, atol=1e-4)
        assert (objective.eq3_distortion(x_hat, y_hat, originals) < 1e-3).all()


def test_a_constant_residual_has_no_gradient_in_eq_2(x):
    networks = tiny()
    state = start(networks)

    def constant(params):
        originals = images.to_float(jnp.asarray(x))
        up_y = images.enlarge(networks.com.apply({"params": params}, originals), (16, 18))
        residual = networks.rec.apply({"params": state.rec.params}, up_y)
        return jnp.sum(jnp.square(up_y + jax.lax.stop_gradient(residual) - originals)) / (
            2 * len(x)
        )

    steps = mapped(networks, objective=dataclasses.replace(PAPER, eq2_residual="constant"))
    new, _ = steps.com_step(devices.replicate(state), devices.split(x), QUALITY)
    found = jax.tree.map(np.subtract, state.com.params, host(new).com.params)
    assert_close(found, jax.grad(constant)(state.com.params))


def one_part(networks, name, *arrays):
    """The state after a step on one device, which has all images."""
    step = getattr(create_steps(Setup(networks, DESCENT, seed=0)), name)
    whole = [a[None] for a in arrays]
    axes = (None, *[0] * len(whole))
    step = jax.vmap(step, in_axes=axes, out_axes=None, axis_name="batch")
    return host(jax.jit(step)(start(networks), *whole)[0])


def eight_parts(networks, name, *arrays):
    """The state after a step on eight devices, each of which has one image."""
    step, state = getattr(mapped(networks), name), devices.replicate(start(networks))
    return host(step(state, *map(devices.split, arrays))[0])


@pytest.mark.parametrize("name", ["com_step", "rec_step"])
def test_one_part_and_eight_agree(x, y_hat, name):
    arrays = (x, QUALITY[:, 0]) if name == "com_step" else (x, y_hat, QUALITY[:, 0])
    before = start(tiny())
    one, many = (step(tiny(), name, *arrays) for step in (one_part, eight_parts))
    for net in ("com", "rec"):
        gradients = [
            jax.tree.map(np.subtract, getattr(before, net).params, getattr(after, net).params)
            for after in (many, one)
        ]
        assert_close(*gradients)


def statistics_in_float64(x):
    """Of both of ComCNN's layers, by the module itself."""
    networks = tiny(batch_norm=True)
    variables = start(networks).com.variables
    # Parameters in float32, as training keeps them.
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        com = networks.com.clone(dtype=np.float64)
        apply = functools.partial(com.apply, train=True, mutable=["batch_stats"])
        in_one_part = jax.vmap(lambda x: apply(variables, x)[1], axis_name="batch", out_axes=None)
        return host(in_one_part(x[None].astype(np.float64) / 255)["batch_stats"])


def rounding(statistics, x):
    """The error that float32 may leave in batch statistics, relative to the largest.

    A sum of n terms, in whatever order a processor takes them, is off by at most n eps / 2 of their
    absolute sum. By that times mean / deviation a layer's normalized values move, and with them the
    statistics of the next.
    """
    first = statistics["ConvBlock_0"]["BatchNorm_0"]
    mean, variance = first["mean"] / 0.1, (first["var"] - 0.9) / 0.1
    num_summed = x.size // x.shape[-1]
    return num_summed * np.finfo(np.float32).eps / 2 * np.max(np.abs(mean) / variance**0.5)


def test_batch_statistics_are_those_of_the_whole_batch(x, y_hat):
    networks = tiny(batch_norm=True)
    expected = statistics_in_float64(x)
    tolerance = rounding(expected, x)
    for step in (one_part, eight_parts):
        after = step(networks, "com_step", x, QUALITY[:, 0])
        assert_close(after.com.batch_stats, expected, tolerance)
    with pytest.raises(AssertionError):  # as they would be without the mean over the devices
        assert_close(statistics_in_float64(x[:1]), expected, 10 * tolerance)
    one, many = (
        step(networks, "rec_step", x, y_hat, QUALITY[:, 0]).rec.batch_stats
        for step in (one_part, eight_parts)
    )
    assert_close(one, many, tolerance)


def test_compact_is_comcnns_output_in_8_bits(x):
    networks = tiny()
    state = start(networks)
    y, tables = mapped(networks).compact(devices.replicate(state), devices.split(x), QUALITY)
    y = devices.join(y)
    assert (tables == jpeg.standard_tables(50.0)).all()
    expected = networks.com.apply(state.com.variables, images.to_float(jnp.asarray(x)))
    assert y.dtype == np.uint8
    assert np.abs(y.astype(int) - images.to_uint8(expected).astype(int)).max() <= 1


def test_batch_norm_learns_statistics_in_rec_step_and_uses_them_in_com_step(x, y_hat):
    networks = tiny(batch_norm=True)
    steps, state = mapped(networks), start(networks)
    after_com = host(steps.com_step(devices.replicate(state), devices.split(x), QUALITY)[0])
    assert_equal(after_com.rec.batch_stats, state.rec.batch_stats)
    after_rec = host(
        steps.rec_step(devices.replicate(state), devices.split(x), devices.split(y_hat), QUALITY)[0]
    )
    mean = after_rec.rec.batch_stats["ConvBlock_1"]["BatchNorm_0"]["mean"]
    assert np.abs(mean).max() > 0.0
    assert_equal(after_rec.com.batch_stats, state.com.batch_stats)


def test_dropout_depends_on_the_number_of_updates_only(x, y_hat):
    networks = tiny(dropout_rate=0.5)
    steps, state = mapped(networks), start(networks)

    def loss(state):
        arrays = devices.split(x), devices.split(y_hat), QUALITY
        return float(steps.rec_step(devices.replicate(state), *arrays)[1]["rec_loss"])

    assert loss(state) == loss(state)
    later = state.replace(rec=state.rec.replace(num_updates=np.int32(7)))
    assert loss(later) != loss(state)


def test_the_range_penalty_pulls_the_compact_image_into_range(x):
    networks = tiny()
    state = start(networks)
    bias = {**state.com.params["Conv_0"], "bias": np.full(3, 2.0, np.float32)}
    outside = state.replace(com=state.com.replace(params={**state.com.params, "Conv_0": bias}))

    def bias_gradient(weight):
        steps = mapped(networks, objective=dataclasses.replace(PAPER, range_penalty=weight))
        new, metrics = steps.com_step(devices.replicate(outside), devices.split(x), QUALITY)
        assert metrics["com_clipped"] > 0.5
        return 2.0 - host(new).com.params["Conv_0"]["bias"]

    assert (bias_gradient(10.0) > bias_gradient(0.0)).all()


def test_l2_touches_kernels_only():
    optimizer = create_optimizer(1e-3, 0.9, 0.999, 1e-8, l2=0.1)
    params = create_state(tiny(batch_norm=True), optimizer, 0).rec.params
    params = jax.tree.map(jnp.ones_like, params)
    gradients = jax.tree.map(jnp.zeros_like, params)
    with jax.numpy_dtype_promotion("standard"):  # as in `training.steps`
        updates, _ = optimizer.update(gradients, optimizer.init(params), params)
    for path, update in jax.tree_util.tree_flatten_with_path(updates)[0]:
        assert (np.abs(update) > 0).all() == (path[-1].key == "kernel")
        assert (np.abs(update) > 0).any() == (path[-1].key == "kernel")


def test_a_second_batch_does_not_retrace(x, y_hat):
    networks, traces = tiny(), []
    plain = create_steps(Setup(networks, DESCENT, seed=0))

    def counted(name):
        def step(*arguments):
            traces.append(name)
            return getattr(plain, name)(*arguments)

        return step

    steps = devices.map_over_devices(Steps(*map(counted, Steps._fields)))
    state = devices.replicate(start(networks))
    for batch in (x, x[::-1]):
        images = devices.split(batch)
        steps.compact(state, images, QUALITY)
        state, _ = steps.rec_step(state, images, devices.split(y_hat), QUALITY)
        state, _ = steps.com_step(state, images, QUALITY)
        state, _ = steps.joint_step(state, images, devices.split(y_hat), QUALITY)
    assert sorted(traces) == sorted(Steps._fields)


def test_training_betters_the_classical_method_it_starts_from(photograph, pool):
    patches = np.stack([photograph[380:412, 140:172], photograph[360:392, 180:212]] * 4)
    optimizer = create_optimizer(1e-3, 0.9, 0.999, 1e-8, l2=0.0)
    networks = Networks(ComCNN(features=16), RecCNN(features=16, num_layers=4))
    steps = mapped(networks, optimizer)
    state = devices.replicate(create_state(networks, optimizer, 0))
    x, codec, losses = devices.shard(patches), codec_by_name("jpeg"), []
    for _ in range(100):
        y = devices.join(steps.compact(state, x, QUALITY)[0])
        y_hat = devices.split(round_trip_batch(y, codec, 95, pool))
        state, rec_metrics = steps.rec_step(state, x, y_hat, QUALITY)
        state, _ = steps.com_step(state, x, QUALITY)
        losses.append(float(rec_metrics["rec_loss"]))
    # The first loss is that of bicubic enlargement.
    assert np.mean(losses[-10:]) < 0.97 * losses[0]


def test_a_batch_that_does_not_divide_by_the_devices_is_an_error():
    devices.check_batch_size(16)
    for size in (0, 4, 12):
        with pytest.raises(ConfigError, match=f"batch_size={size} cannot be divided.*8 devices"):
            devices.check_batch_size(size)


def test_splitting_and_joining_are_inverse(x):
    assert devices.split(x).shape == (8, 1, 16, 18, 3)
    np.testing.assert_array_equal(devices.join(jnp.asarray(devices.split(x))), x)


@pytest.mark.parametrize(
    "batch_size, told, expected", [(6, {}, 3), (7, {}, 1), (6, {"JAX_NUM_CPU_DEVICES": "2"}, 2)]
)
def test_a_cpu_becomes_as_many_devices_as_share_a_batch(batch_size, told, expected):
    code = (
        "import os; os.cpu_count = lambda: 4\n"
        "import jax; from jaxshrink.training import devices\n"
        f"devices.divide_cpu({batch_size}); print(jax.device_count())"
    )
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    environment |= {"JAX_PLATFORMS": "cpu", **told}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == str(expected)
