"""The cache of compiled functions, which a second run need not compile."""

import contextlib
import errno
import logging
import os
import re
import stat
import tempfile
import warnings
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)

_FOLDER = "jax_compilation_cache_dir"
# Most of our functions compile within JAX's default of a second; many together take long.
_DEFAULTS = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}

_MAX_BYTES = 2**29  # a few thousand functions
# What JAX says of an entry that it cannot read or write, and of which function that is.
_DAMAGED = re.compile(r"Error (?:reading|writing) persistent compilation cache entry for '(\w+)'")


def keep_compiled() -> None:
    """Turns JAX's cache on, in the user's cache folder, unless JAX's own settings name another.

    JAX_ENABLE_COMPILATION_CACHE=false keeps it off. Where that folder cannot be written, or is
    one that others can write to, there is no cache: it holds native code, which is run.
    """
    import jax

    for name, value in _DEFAULTS.items():
        if name.upper() not in os.environ:
            jax.config.update(name, value)
    if getattr(jax.config, _FOLDER):
        return
    folder = _usable_folder()
    if folder is not None:
        jax.config.update(_FOLDER, str(folder))
        _heal(folder)


def keep_executables() -> None:
    """Turns the cache of `executables.py` on instead, on a CPU: a run starts a second sooner.

    The folder and its conditions are those of `keep_compiled`.
    """
    import jax

    from jaxshrink.runtime import executables

    config: Any = jax.config  # not all of whose fields are declared
    told = getattr(config, _FOLDER)
    if executables.device().platform != "cpu" or (told and "://" in told):
        keep_compiled()
    elif config.jax_enable_compilation_cache:
        folder = Path(told) if told else _usable_folder()
        # An executable that came from JAX's cache cannot be kept in another.
        config.update("jax_enable_compilation_cache", False)
        executables.keep_executables(folder)


def _usable_folder() -> Path | None:
    """The user's; None, with a warning, where there is none to be trusted and written to."""
    try:
        folder = _folder_of_the_user()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_owner(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as error:
        _log.warning("compiled functions are not kept: %s", error)
        return None
    _prune(folder)
    return folder


def _prune(folder: Path) -> None:
    """Deletes the oldest entries of a cache that has grown too large."""
    with contextlib.suppress(OSError):
        entries = [(entry.stat(), entry) for entry in folder.iterdir()]
        total = sum(status.st_size for status, _ in entries)
        if total <= _MAX_BYTES:
            return
        for status, entry in sorted(entries, key=lambda pair: pair[0].st_mtime):
            entry.unlink()
            total -= status.st_size
            if total <= _MAX_BYTES // 2:
                return


def _heal(folder: Path) -> None:
    """Deletes entries that turn out to be damaged: JAX would warn of them in every run.

    It then compiles the function, and writes a new entry where there is none.
    """
    warnings.filterwarnings("always", message=_DAMAGED.pattern)
    show = warnings.showwarning

    def showwarning(message: Warning | str, *rest: Any, **options: Any) -> None:
        damaged = _DAMAGED.match(str(message))
        if damaged is None:
            show(message, *rest, **options)
            return
        _log.debug("%s: %s", folder, message)
        for entry in folder.glob(f"{damaged[1]}-*"):
            with contextlib.suppress(OSError):
                entry.unlink()

    warnings.showwarning = showwarning


def _folder_of_the_user() -> Path:
    """Raises RuntimeError if the user has no home."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # A relative one is to be ignored, says its specification: it would follow the user around.
    return (caches if caches.is_absolute() else Path.home() / ".cache") / "jaxshrink"


def _check_owner(folder: Path) -> None:
    """Raises PermissionError if somebody else can put code there."""
    if not hasattr(os, "getuid"):
        return
    status = folder.stat()
    if status.st_uid not in (0, os.getuid()) or status.st_mode & stat.S_IWOTH:
        raise PermissionError(errno.EPERM, "others can write to it", str(folder))
