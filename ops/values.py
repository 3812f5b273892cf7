"""Small values that cannot be wrong once they exist: secrets, database URLs, durations, sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ops.errors import UsageError


class Secret:
    """A text that prints as `***`; only `reveal()` gives it out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, repr=False)
class DatabaseUrl:
    """A PostgreSQL address in parts. `str()` of it hides the password; `reveal()` does not.

    Source of the form: PostgreSQL manual, "Connection URIs" (libpq). `postgres://` (Heroku) and
    SQLAlchemy's `postgresql+driver://` are read too, and written back as `postgresql://`.
    """

    host: str
    port: int
    database: str
    user: str = ""
    password: Secret | None = None
    query: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def parse(cls, text: str) -> DatabaseUrl:
        """The parts of `text`. Raises UsageError, without repeating the text: it may hold a password."""
        hint = "write it as postgresql://user:password@host:5432/database"
        try:
            parts = urlsplit(text.strip())
            port = parts.port or 5432
        except ValueError:
            raise UsageError("the database URL cannot be read", hint=hint) from None
        scheme = parts.scheme.split("+")[0]
        if scheme not in ("postgres", "postgresql"):
            raise UsageError(f"`{parts.scheme or '?'}://` is not a PostgreSQL URL", hint=hint)
        database = unquote(parts.path.lstrip("/"))
        if not parts.hostname or not database:
            raise UsageError("the database URL names no host or no database", hint=hint)
        return cls(
            host=unquote(parts.hostname),
            port=port,
            database=database,
            user=unquote(parts.username or ""),
            password=Secret(unquote(parts.password)) if parts.password is not None else None,
            query=tuple(parse_qsl(parts.query)),
        )

    def reveal(self) -> str:
        """The whole URL, passwords included, percent-encoded."""
        return self._written(hide=False)

    def with_database(self, database: str) -> DatabaseUrl:
        return replace(self, database=database)

    def __str__(self) -> str:
        return self._written(hide=True)

    def __repr__(self) -> str:
        return f"DatabaseUrl({self})"

    def _written(self, *, hide: bool) -> str:
        login = quote(self.user, safe="")
        if self.password is not None:
            login += ":" + ("***" if hide else quote(self.password.reveal(), safe=""))
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe="")
        told = [(key, "***" if hide and "password" in key else value) for key, value in self.query]
        query = "?" + urlencode(told, safe="/*") if told else ""
        at = "@" if login else ""
        return f"postgresql://{login}{at}{host}:{self.port}/{quote(self.database, safe='')}{query}"


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, order=True)
class Duration:
    """A length of time, written `90s`, `15m`, `1h30m`, `200ms`; `seconds` is what it comes to."""

    seconds: float

    @classmethod
    def parse(cls, text: str) -> Duration:
        found = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text.strip())
        if not found or "".join(n + u for n, u in found) != text.strip():
            raise UsageError(f"`{text}` is not a duration", hint="write it like 90s, 15m or 1h30m")
        return cls(sum(float(n) * _UNITS[u] for n, u in found))

    def __str__(self) -> str:
        left, out = round(self.seconds * 1000), ""
        for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
            count, left = divmod(left, size)
            out += f"{count}{unit}" if count else ""
        return out or "0s"


@dataclass(frozen=True, order=True)
class Size:
    """A number of bytes; prints as people read it (`3.4 MB`, powers of 1000)."""

    bytes: int

    def __str__(self) -> str:
        amount = float(self.bytes)
        for unit in ("B", "kB", "MB", "GB"):
            if amount < 1000:
                return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
            amount /= 1000
        return f"{amount:.1f} TB"


def redact(text: str, *secrets: Secret | None) -> str:
    """`text` with each secret (also percent-encoded) and every URL password replaced by `***`."""
    for secret in secrets:
        plain = secret.reveal() if secret else ""
        if len(plain) >= 4:
            text = text.replace(plain, "***").replace(quote(plain, safe=""), "***")
    text = re.sub(r"(\w+://[^\s:/@]*:)[^\s@]+@", r"\1***@", text)
    return re.sub(r"(?i)(password\s*=\s*)('[^']*'|\S+)", r"\1***", text)
