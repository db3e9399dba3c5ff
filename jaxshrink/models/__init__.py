"""Flax modules. Images are (N, H, W, C) in [0, 1]; parameters are float32.

What Flax is not needed for, `settings`, `described` and `weights`, is imported without it: a
command that finds its functions compiled starts sooner.
"""

import importlib
from typing import TYPE_CHECKING, Any

from jaxshrink.models.settings import (
    UNIT,
    Networks,
    NetworkVariables,
    Variables,
    lmbda_of_quality,
)

if TYPE_CHECKING:
    from jaxshrink.models.comcnn import ComCNN
    from jaxshrink.models.networks import create_networks, init_variables, variables_template
    from jaxshrink.models.reccnn import RecCNN
    from jaxshrink.models.residual import ResidualComCNN, ResidualRecCNN

_MODULES = {
    "ComCNN": "comcnn",
    "RecCNN": "reccnn",
    "ResidualComCNN": "residual",
    "ResidualRecCNN": "residual",
    "create_networks": "networks",
    "init_variables": "networks",
    "variables_template": "networks",
}

__all__ = [
    "UNIT",
    "ComCNN",
    "NetworkVariables",
    "Networks",
    "RecCNN",
    "ResidualComCNN",
    "ResidualRecCNN",
    "Variables",
    "create_networks",
    "init_variables",
    "lmbda_of_quality",
    "variables_template",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
