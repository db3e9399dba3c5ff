"""The steps on all devices: the one place that knows of `jax.pmap`."""

import os
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxshrink.errors import ConfigError
from jaxshrink.training.steps import Steps

_PATIENCE = "--xla_cpu_collective_call_terminate_timeout_seconds=86400"


def map_over_devices(steps: Steps) -> Steps:
    """Compiles the steps for all devices of all processes.

    The state stays one copy per device and is donated by the updates; images carry a leading
    axis of local devices, see `split`.
    """

    def update(step: Callable[..., Any], in_axes: tuple[int | None, ...]) -> Callable[..., Any]:
        return jax.pmap(step, axis_name="batch", in_axes=in_axes, out_axes=None, donate_argnums=0)

    return Steps(
        compact=jax.pmap(steps.compact, axis_name="batch", in_axes=(None, 0, 0)),
        com_step=update(steps.com_step, (None, 0, 0)),
        rec_step=update(steps.rec_step, (None, 0, 0, 0)),
        joint_step=update(steps.joint_step, (None, 0, 0, 0)),
    )


def divide_cpu(batch_size: int) -> None:
    """Makes the CPU as many devices as it has cores, or as evenly share a batch.

    A core that works on a part of the batch of its own does not wait for the others after every
    operation: `python -m benchmarks.training --devices 1` shows by how much that is faster. Only
    before JAX has looked for its devices; what the user says, by JAX_NUM_CPU_DEVICES or
    --xla_force_host_platform_device_count in XLA_FLAGS, stays. Other platforms are left alone.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if "terminate_timeout" not in flags:
        # XLA ends the process if a device waits 40 seconds for another, asleep or not.
        os.environ["XLA_FLAGS"] = f"{flags} {_PATIENCE}"
    if "device_count" in flags or jax.config.values["jax_num_cpu_devices"] != -1:
        return
    cores = os.cpu_count() or 1
    number = max(n for n in range(1, cores + 1) if batch_size % n == 0) if batch_size > 0 else 1
    jax.config.update("jax_num_cpu_devices", number)


def replicate(state: Any) -> Any:
    """Places a state on every local device, as the steps expect and return it."""
    return _place(state, PartitionSpec())


def check_batch_size(batch_size: int) -> None:
    """Raises ConfigError if the devices of all processes cannot share a batch evenly."""
    if batch_size < 1 or batch_size % jax.device_count():
        raise ConfigError(
            f"batch_size={batch_size} cannot be divided evenly among {jax.device_count()} devices; "
            "set it to a multiple, or show fewer devices (CUDA_VISIBLE_DEVICES=0)"
        )


def split(images: np.ndarray) -> np.ndarray:
    """(N, ...) -> (local devices, N / local devices, ...)."""
    devices = jax.local_device_count()
    return images.reshape(devices, images.shape[0] // devices, *images.shape[1:])


def shard(images: np.ndarray) -> jax.Array:
    """`split`, and on its devices: an array that several steps use crosses over once."""
    return _place(split(images), PartitionSpec("batch"))


def _place(tree: Any, spec: PartitionSpec) -> Any:
    mesh = Mesh(np.array(jax.local_devices()), ("batch",))
    return jax.device_put(tree, NamedSharding(mesh, spec))


def join(images: jax.Array) -> np.ndarray:
    """The inverse of `split`, on the host; waits for the devices."""
    host = np.asarray(images)
    return host.reshape(-1, *host.shape[2:])
