"""Flax modules. Images are (N, H, W, C) in [0, 1]; parameters are float32."""

from jaxshrink.models.comcnn import ComCNN
from jaxshrink.models.networks import (
    Networks,
    Variables,
    create_networks,
    init_variables,
    variables_template,
)
from jaxshrink.models.reccnn import RecCNN

__all__ = [
    "ComCNN",
    "Networks",
    "RecCNN",
    "Variables",
    "create_networks",
    "init_variables",
    "variables_template",
]
