"""JAX as the commands use it."""

import os
from pathlib import Path

from jaxshrink.errors import ConfigError


def cache_folder() -> Path:
    """Where compiled functions are kept: JAX's own variable, else the user's cache folder."""
    told = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    if told:
        return Path(told)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "jaxshrink"


def start_jax(device: str | None) -> None:
    """Chooses the device and turns the cache of compiled functions on.

    Args:
      device: "cpu", "gpu" or "tpu"; None: what JAX finds.

    Raises:
      ConfigError: if there is no such device.
    """
    import jax

    jax.config.update("jax_compilation_cache_dir", str(cache_folder()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    if device is None:
        return
    try:
        jax.config.update("jax_default_device", jax.devices(device)[0])
    except RuntimeError:
        raise ConfigError(f"--device {device}: JAX finds none here") from None
