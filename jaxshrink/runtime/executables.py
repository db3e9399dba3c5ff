"""Functions of which a second run finds what JAX compiled in the first.

JAX's own cache spares a run the compilation; tracing and lowering remain, which for the functions
of this package take longer than the photograph. Here the executable itself is kept, with JAX's
`serialize_executable`, under a name that tells everything it depends on. That is tried on CPUs; on
accelerators, and where no folder was named, a function is compiled as with `jax.jit`.
"""

import contextlib
import functools
import hashlib
import logging
import os
import pickle
import platform
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from jaxlib import version as jaxlib_version

from jaxshrink.atomic import write_whole
from jaxshrink.errors import DataError

_log = logging.getLogger(__name__)

_Function = Callable[..., Any]
_folder: Path | None = None


def keep_executables(folder: Path | None) -> None:
    """From here on, executables are looked for and left in a folder; None: nowhere.

    What lies there is run, so nobody else may be able to write to it.
    """
    global _folder
    _folder = folder


class Precompiled:
    """A function that is compiled for every new shape of its arguments, or found compiled.

    Args:
      function: of `num_static` hashable arguments, whose `repr` tells all of them, and of trees of
        arrays.
    """

    def __init__(self, function: _Function, num_static: int) -> None:
        functools.update_wrapper(self, function)
        self._name = function.__name__
        self._num_static = num_static
        self._jitted: Any = jax.jit(function, static_argnums=tuple(range(num_static)))
        self._executables: dict[Any, _Function] = {}
        self._lock = threading.Lock()

    def __call__(self, *args: Any) -> Any:
        if _folder is None or device().platform != "cpu":
            return self._jitted(*args)
        static, arrays = args[: self._num_static], args[self._num_static :]
        leaves, tree = jax.tree.flatten(arrays)
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
        key = (static, tree, shapes)
        if key not in self._executables:
            with self._lock:  # or two threads compile the same
                if key not in self._executables:
                    told = f"{self.__module__}.{self._name} {static} {tree} {shapes}"
                    self._executables[key] = self._found(_folder, told, args)
        return self._executables[key](*arrays)

    @property
    def num_compiled(self) -> int:
        """How many kinds of arguments it is ready for."""
        return len(self._executables) + self._jitted._cache_size()

    def forget(self) -> None:
        """Drops what is in memory; what is in a folder stays there."""
        self._executables.clear()
        self._jitted.clear_cache()

    def _found(self, folder: Path, told: str, args: tuple[Any, ...]) -> _Function:
        digest = hashlib.sha256(f"{_surroundings()} {told}".encode()).hexdigest()
        path = folder / f"{self._name}-{digest}"
        try:
            return _load(path.read_bytes())
        except FileNotFoundError:
            pass
        except Exception as error:  # damaged, in any way: it is written anew
            _log.debug("%s: %s", path, error)
        compiled = self._jitted.lower(*args).compile()
        with contextlib.suppress(DataError):  # a full disk, say: the next run compiles again
            write_whole(path, _dump(compiled))
        return compiled


def precompiled(num_static: int = 0) -> Callable[[_Function], Precompiled]:
    """A decorator, in place of `jax.jit`; see `Precompiled`."""
    return functools.partial(Precompiled, num_static=num_static)


def _dump(compiled: Any) -> bytes:
    from jax.experimental.serialize_executable import serialize

    return zlib.compress(pickle.dumps(serialize(compiled)), level=1)


def _load(data: bytes) -> _Function:
    """Raises what zlib, pickle and XLA raise of damaged data; zlib's checksum comes first."""
    from jax.experimental.serialize_executable import deserialize_and_load

    payload, in_tree, out_tree = pickle.loads(zlib.decompress(data))
    return deserialize_and_load(payload, in_tree, out_tree, execution_devices=[device()])


def device() -> Any:
    """Where functions run."""
    config: Any = jax.config  # not all of whose fields are declared
    return config.jax_default_device or jax.local_devices()[0]


@functools.cache
def _surroundings() -> str:
    """Whatever an executable depends on besides its function's arguments."""
    package = Path(__file__).parents[1]
    code = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        code.update(path.read_bytes())
    flags = os.environ.get("XLA_FLAGS", "")
    return (
        f"{code.hexdigest()} {jax.__version__} {jaxlib_version.__version__} {_processor()} {flags}"
    )


def _processor() -> str:
    """What native code is compiled for."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = ("vendor_id", "model name", "flags", "Features", "CPU part")
        told = {line for line in lines if line.startswith(names)}
        return " ".join(sorted(told))
    return f"{platform.machine()} {platform.processor()}"
