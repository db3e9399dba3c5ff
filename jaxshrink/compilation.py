"""The cache of compiled functions, which a second run need not compile."""

import errno
import logging
import os
import stat
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)

_FOLDER = "jax_compilation_cache_dir"
# Most of our functions compile within JAX's default of a second; many together take long.
_DEFAULTS = {
    "jax_persistent_cache_min_compile_time_secs": 0.1,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}


def keep_compiled() -> None:
    """Turns the cache on, in the user's cache folder, unless JAX's own settings name another place.

    JAX_ENABLE_COMPILATION_CACHE=false keeps it off. Where that folder cannot be written, or is
    one that others can write to, there is no cache: it holds native code, which is run.
    """
    import jax

    for name, value in _DEFAULTS.items():
        if name.upper() not in os.environ:
            jax.config.update(name, value)
    if getattr(jax.config, _FOLDER):
        return
    try:
        folder = _folder_of_the_user()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_owner(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as error:
        _log.warning("compiled functions are not kept: %s", error)
        return
    jax.config.update(_FOLDER, str(folder))


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
