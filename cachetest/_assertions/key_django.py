"""Django in a fresh process: set up as in the test, and with the databases of the test, not the real ones."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

__all__ = ["begin_django", "django_of_test", "use_databases"]


def django_of_test() -> dict[str, Any] | None:
    """Return what a fresh process has to know of the Django that is set up here; None if none is."""
    apps: Any = getattr(sys.modules.get("django.apps"), "apps", None)
    if apps is None or not apps.ready:
        return None
    database: Any = sys.modules.get("django.db")
    connections = [] if database is None else database.connections.all(initialized_only=True)
    # Those that are not open yet have their names in the settings, where a runner puts them as well.
    configured = {} if database is None else database.connections.settings
    names = {alias: str(each.get("NAME", "")) for alias, each in configured.items()}
    names.update({each.alias: str(each.settings_dict["NAME"]) for each in connections})
    return {"by_environment": "DJANGO_SETTINGS_MODULE" in os.environ, "databases": names}


def begin_django(known: dict[str, Any] | None) -> None:
    """Set Django up where the environment says how; else the program does."""
    if known is not None and known["by_environment"]:
        import_module("django").setup()
        use_databases(known)


def use_databases(known: dict[str, Any] | None) -> None:
    """Have the databases of the test be used; harmless when repeated."""
    database: Any = sys.modules.get("django.db")
    settings: Any = getattr(sys.modules.get("django.conf"), "settings", None)
    if known is None or database is None or not settings.configured:
        return
    for alias, name in known["databases"].items():
        if alias in database.connections.settings:
            # A connection has this very dict.
            database.connections.settings[alias]["NAME"] = name
