"""The library's settings: the database is the one of DATABASE_URL."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

_URL = urlsplit(os.environ["DATABASE_URL"])
SECRET_KEY = "only for tests"
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "tests.projects.library",
]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": _URL.path}
    if _URL.scheme == "sqlite"
    else {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _URL.path.lstrip("/"),
        "USER": _URL.username,
        "PASSWORD": unquote(_URL.password or ""),
        "HOST": _URL.hostname,
        "PORT": _URL.port,
    }
}
