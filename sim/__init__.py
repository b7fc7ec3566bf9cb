"""Cuadrante: an agent-based simulator of police-community dynamics in Mexican municipalities.

Importing this package does nothing but make names available; each is loaded when first used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Scenario": "sim.scenario",
    "run": "sim.simulation",
    "compare": "sim.simulation",
    "PoliceCommunityModel": "sim.model",
}

__all__ = ["PoliceCommunityModel", "Scenario", "__version__", "compare", "run"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
