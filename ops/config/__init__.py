"""gigops.yaml, GIGOPS_* and flags become Settings; every mistake is told at once, with its line."""

from ops.config.naming import app_name
from ops.config.resolve import Origin, Resolved, load, origins, require_sources, resolve

__all__ = ["Origin", "Resolved", "app_name", "load", "origins", "require_sources", "resolve"]
