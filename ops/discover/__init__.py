"""Looks around an application's folder: its SQLite files, its env files, and how it is started."""

from ops.discover.databases import DatabaseFile, named_in
from ops.discover.look import Found, look
from ops.discover.starts import Start

__all__ = ["DatabaseFile", "Found", "Start", "look", "named_in"]
