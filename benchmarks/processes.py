"""Processes for benchmarks that see some of the devices, alone or as a cluster on this machine."""

import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import jax


@contextmanager
def processes(visible: list[list[int]]) -> Iterator[Callable[..., Any]]:
    """Starts one process for each list of devices; several are joined by `jax.distributed`.

    A CPU gets as many virtual devices as are listed, an NVIDIA or AMD GPU is shown by its number;
    for others the list means nothing. What the processes print goes to stderr.

    Yields a function that calls another one in all of them at once, and returns what the first
    one returns.
    """
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # they may share GPUs
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        coordinator = f"127.0.0.1:{free.getsockname()[1]}"
    context = multiprocessing.get_context("spawn")
    pools = [
        ProcessPoolExecutor(1, context, _join, (ids, coordinator, len(visible), index))
        for index, ids in enumerate(visible)
    ]

    def ask(function: Callable[..., Any], *arguments: Any) -> Any:
        futures = [pool.submit(function, *arguments) for pool in pools]
        results = [future.result() for future in futures]
        return results[0]

    try:
        yield ask
    finally:
        for pool in pools:  # at their end they wait for each other
            pool.shutdown(wait=False)
        for pool in pools:
            pool.shutdown()


def _join(visible: list[int], coordinator: str, num: int, index: int) -> None:
    os.dup2(2, 1)
    jax.config.update("jax_num_cpu_devices", len(visible))
    for platform in ("cuda", "rocm"):
        jax.config.update(f"jax_{platform}_visible_devices", ",".join(map(str, visible)))
    if num > 1:
        jax.distributed.initialize(coordinator, num, index)


def look() -> tuple[str, int, str]:
    """The platform, how many devices it has, and their name: found out by a process that ends."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_look).result()


def _look() -> tuple[str, int, str]:
    return jax.default_backend(), jax.device_count(), jax.devices()[0].device_kind
