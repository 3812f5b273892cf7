"""The PostgreSQL that the settings mean: is it there, does it let us in, does its clock agree."""

from __future__ import annotations

from datetime import datetime

from ops.database.connect import connect
from ops.doctor.check import Check, fail, ok, warn
from ops.values import DatabaseUrl


def verdict(provider: str, state: str, version: str, detail: str) -> Check:
    """`state` is `none`, `running`, `stopped` or `broken`."""
    again = "gigops provision" if provider == "embedded" else f"gigops provision --provider {provider}"
    if state == "running":
        return ok("target", f"{provider}, PostgreSQL {version}; {detail}")
    if state == "none":
        return ok("target", f"{provider}, none yet; the cutover makes it")
    if state == "stopped":
        return warn("target", f"{provider}, stopped; {detail}", again)
    fix = again if provider != "url" else "check target.url, or GIGOPS_TARGET_URL"
    return fail("target", f"{provider}: {detail}", fix)


def server_time(url: DatabaseUrl) -> datetime:
    """The server's clock. Raises NotReady when it does not let us in."""
    connection = connect(url, application_name="gigops doctor", autocommit=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            row = cursor.fetchone()
    finally:
        connection.close()
    assert row is not None
    moment = row[0]
    assert isinstance(moment, datetime)
    return moment
