"""Flax modules. Images are (N, H, W, C) in [0, 1]; parameters are float32."""

from jaxshrink.models.comcnn import ComCNN
from jaxshrink.models.networks import (
    Networks,
    NetworkVariables,
    Variables,
    create_networks,
    init_variables,
    variables_template,
)
from jaxshrink.models.reccnn import RecCNN
from jaxshrink.models.residual import UNIT, ResidualComCNN, ResidualRecCNN, lmbda_of_quality

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
