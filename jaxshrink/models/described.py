"""Networks that stand for their Flax modules until somebody computes with them."""

import dataclasses
import functools
import json
from collections.abc import Mapping
from typing import Any

from jaxshrink.models.settings import DEFAULT_SCALE, Networks, radius_of


@dataclasses.dataclass(frozen=True)
class Described:
    """A residual network in float32, by its description; `apply` builds the module.

    A run that finds its functions compiled never does, and needs no Flax.

    Attributes:
      network: "com" or "rec".
      settings: as `create_networks` takes them, in JSON.
    """

    network: str
    settings: str

    @property
    def channels(self) -> int:
        return int(_parsed(self.settings)["channels"])

    @property
    def scale(self) -> int:
        return int(_parsed(self.settings).get("scale", DEFAULT_SCALE))

    @property
    def radius(self) -> int:
        return radius_of(_parsed(self.settings), self.network)

    def apply(self, *args: Any, **options: Any) -> Any:
        """What the module's `apply` returns."""
        return getattr(_built(self.settings), self.network).apply(*args, **options)


def describe_networks(settings: Mapping[str, Any]) -> Networks:
    """Both networks of a pair; modules at once where they are not residual."""
    if settings["architecture"] != "residual":
        from jaxshrink.models.networks import create_networks

        return create_networks(settings)
    told = json.dumps(settings, sort_keys=True)
    return Networks(Described("com", told), Described("rec", told))


@functools.cache
def _parsed(settings: str) -> dict[str, Any]:
    return dict(json.loads(settings))


@functools.cache
def _built(settings: str) -> Networks:
    from jaxshrink.models.networks import create_networks

    return create_networks(_parsed(settings))
