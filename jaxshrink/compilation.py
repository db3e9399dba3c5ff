"""The cache of compiled functions, which a second run need not compile."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where compiled functions are kept: JAX's own variable, else the user's cache folder."""
    told = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    if told:
        return Path(told)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "jaxshrink"


def keep_compiled() -> None:
    """Turns the cache on; JAX_ENABLE_COMPILATION_CACHE=false keeps it off."""
    import jax

    jax.config.update("jax_compilation_cache_dir", str(cache_folder()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
