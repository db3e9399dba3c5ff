"""Learned image compression whose output is still a plain JPEG.

    import jaxshrink

    small = jaxshrink.compress("holiday.jpg", quality=75)   # small.data is a JPEG
    pixels = jaxshrink.expand(small.data)                    # uint8 (H, W, 3)

`Model` holds a model in memory; what can go wrong is in `errors`. Nothing is imported before it is
used: `import jaxshrink` costs no time.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxshrink import errors
    from jaxshrink.compression.api import Small, compress, expand
    from jaxshrink.compression.model import Model

__version__ = "0.2.0"
__all__ = ["Model", "Small", "__version__", "compress", "errors", "expand"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "errors":
        return importlib.import_module("jaxshrink.errors")
    module = "model" if name == "Model" else "api"
    return getattr(importlib.import_module(f"jaxshrink.compression.{module}"), name)


def __dir__() -> list[str]:
    return __all__
