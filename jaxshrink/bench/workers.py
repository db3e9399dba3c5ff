"""Work spread over processes that keep to the CPU, each to one core of it."""

import dataclasses
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import jax

from jaxshrink.bench import programs
from jaxshrink.errors import MethodError
from jaxshrink.runtime.compile_cache import keep_compiled

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclasses.dataclass(frozen=True)
class Workers:
    """How to spread work.

    Attributes:
      num_processes: no more are started than there are items.
    """

    num_processes: int

    def apply(
        self, function: Callable[[_Item], _Result], items: Sequence[_Item]
    ) -> Iterator[tuple[_Item, _Result]]:
        """Yields every item with the function's result, as they are done.

        Args:
          function: can be pickled; so can items and results.
          items: what to apply it to.

        Raises:
          MethodError: if a process dies, of a codec's crash or for want of memory.
        """
        if not items:
            return
        # A fork would copy the locks of JAX's threads.
        context = multiprocessing.get_context("spawn")
        num_processes = min(self.num_processes, len(items))
        numbers = context.SimpleQueue()
        for number in range(num_processes):
            numbers.put(number)
        stopping = context.Event()
        pool = ProcessPoolExecutor(num_processes, context, _start, (numbers, stopping))
        try:
            futures = {pool.submit(function, item): item for item in items}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise MethodError(
                f"a process died; what was measured before is kept ({error})"
            ) from None
        finally:
            stopping.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _start(numbers: Any, stopping: Any) -> None:
    _keep_to_one_core(numbers.get())
    flags = ("--xla_cpu_multi_thread_eigen=false", "--xla_force_host_platform_device_count=1")
    os.environ["XLA_FLAGS"] = " ".join([os.environ.get("XLA_FLAGS", ""), *flags])
    os.environ["NPROC"] = "1"  # threads in XLA's pool
    jax.config.update("jax_platforms", "cpu")
    # Every process needs the same functions, one set per image size, and to compile takes seconds.
    # They are native code: they come from the user's cache, never from a folder of results.
    keep_compiled()
    threading.Thread(target=_follow_parent, daemon=True).start()
    threading.Thread(target=_stop_with, args=(stopping,), daemon=True).start()


def _keep_to_one_core(number: int) -> None:
    """Codecs start threads of their own; their seconds are to be comparable all the same."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})


def _follow_parent() -> None:
    """Ends this process with its parent, also where that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        programs.end_all()
        os._exit(1)


def _stop_with(stopping: Any) -> None:
    """Lets a program that hangs go once nobody waits for its result."""
    stopping.wait()
    programs.stop()
