"""One check: what was looked at, how it stands, the fact, and the fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ops.errors import GigopsError

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """`fix` is a command or a change; empty where all is well."""

    verdict: Verdict
    what: str
    fact: str
    fix: str = ""


def ok(what: str, fact: str) -> Check:
    return Check("ok", what, fact)


def warn(what: str, fact: str, fix: str = "") -> Check:
    return Check("warn", what, fact, fix)


def fail(what: str, fact: str, fix: str = "") -> Check:
    return Check("fail", what, fact, fix)


def failed(what: str, error: GigopsError) -> Check:
    """An error that gigops would end with, told beforehand."""
    return Check("fail", what, error.message, error.hint)
