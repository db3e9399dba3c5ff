"""JAX as the commands use it."""

from jaxshrink.errors import ConfigError
from jaxshrink.runtime.compile_cache import keep_executables
from jaxshrink.runtime.memory import keep_freed_memory


def start_jax(device: str | None) -> None:
    """Chooses the device and turns the cache of compiled functions on.

    Args:
      device: "cpu", "gpu" or "tpu"; None: what JAX finds.

    Raises:
      ConfigError: if there is no such device.
    """
    keep_freed_memory()
    import jax

    if device is not None:
        try:
            jax.config.update("jax_default_device", jax.devices(device)[0])
        except RuntimeError:
            raise ConfigError(f"--device {device}: JAX finds none here") from None
    keep_executables()
