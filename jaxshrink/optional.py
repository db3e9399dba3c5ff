"""Optional packages: imported where they are used, asked for by the name of their extra."""

import importlib
from types import ModuleType

from jaxshrink.errors import MissingExtraError


def import_extra(module: str, extra: str) -> ModuleType:
    """Imports a package that only an extra of this project installs.

    Raises:
      MissingExtraError: if it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{module.partition('.')[0]} is needed here: pip install 'jaxshrink[{extra}]' ({error})"
        ) from None
