"""Work spread over processes that keep to the CPU, each on one thread."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import jax

from jaxshrink.errors import MethodError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_processes(
    function: Callable[[_Item], _Result], items: Sequence[_Item], num_processes: int
) -> Iterator[tuple[_Item, _Result]]:
    """Yields every item with the function's result, as they are done.

    Args:
      function: can be pickled; so can items and results.
      items: what to apply it to.
      num_processes: no more are started than there are items.

    Raises:
      MethodError: if a process dies, of a codec's crash or for want of memory.
    """
    if not items:
        return
    # A fork would copy the locks of JAX's threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(num_processes, len(items)), context, _start)
    try:
        futures = {pool.submit(function, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise MethodError(f"a process died; what was measured before is kept ({error})") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start() -> None:
    flags = ("--xla_cpu_multi_thread_eigen=false", "--xla_force_host_platform_device_count=1")
    os.environ["XLA_FLAGS"] = " ".join([os.environ.get("XLA_FLAGS", ""), *flags])
    os.environ["NPROC"] = "1"  # threads in XLA's pool
    jax.config.update("jax_platforms", "cpu")
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """Ends this process with its parent, also where that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
