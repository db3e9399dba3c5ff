"""The cache of compiled functions, which a second run need not compile."""

import logging
import os
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

    JAX_ENABLE_COMPILATION_CACHE=false keeps it off. Where that folder cannot be written, there
    is no cache.
    """
    import jax

    for name, value in _DEFAULTS.items():
        if name.upper() not in os.environ:
            jax.config.update(name, value)
    if getattr(jax.config, _FOLDER):
        return
    try:
        folder = _folder_of_the_user()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as error:
        _log.warning("compiled functions are not kept: %s", error)
        return
    jax.config.update(_FOLDER, str(folder))


def _folder_of_the_user() -> Path:
    """Raises RuntimeError if the user has no home."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "jaxshrink"
