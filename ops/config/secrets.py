"""`${NAME}` in target.url, so that a password need not stand in gigops.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit

from ops.errors import UsageError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`text` with each `${NAME}` replaced. In `user:password@` the value is taken as it is and
    percent-encoded, so that it may hold any character; elsewhere it goes in unchanged."""
    missing = sorted({name for name in _VARIABLE.findall(text) if not environ.get(name)})
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise UsageError(f"the environment has no {names}; export it before you run gigops")
    login_end = text.rfind("@")

    def value(match: re.Match[str]) -> str:
        plain = environ[match.group(1)]
        in_login = "://" in text[: match.start()] and match.end() <= login_end
        return quote(plain, safe="") if in_login else plain

    return _VARIABLE.sub(value, text)


def holds_password(text: str) -> bool:
    """Whether a URL, as written in the file, has a password that is not a `${NAME}`."""
    bare = _VARIABLE.sub("", text)
    try:
        parts = urlsplit(bare)
        return bool(parts.password) or any(k == "password" and v for k, v in parse_qsl(parts.query))
    except ValueError:
        return False
