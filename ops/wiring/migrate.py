"""What `gigops migrate` and `verify` work on: the sources apart from one another, and the running server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ops.errors import NotReady, UsageError
from ops.interfaces import Reporter
from ops.settings import Settings, Source
from ops.values import DatabaseUrl


def apart(sources: Sequence[Source], *, schema_per_source: bool, prefix: bool) -> tuple[Source, ...]:
    """`sources`, each with a schema or a prefix of its own, made of the file's name."""
    names = [re.sub(r"\W+", "_", source.path.stem).strip("_").lower() or "source" for source in sources]
    same = next((name for name in names if names.count(name) > 1), None)
    if same and (schema_per_source or prefix):
        raise UsageError(
            f"two of the files would both be named `{same}`",
            hint="give each source its `schema` or `prefix` in gigops.yaml",
        )
    return tuple(
        replace(
            source,
            schema=name if schema_per_source else source.schema,
            prefix=f"{name}_" if prefix else source.prefix,
        )
        for source, name in zip(sources, names, strict=True)
    )


def found_target(settings: Settings, reporter: Reporter) -> DatabaseUrl:
    """The server of the settings, which must be running."""
    if settings.target.url is not None:
        return settings.target.url
    from ops.wiring.provision import provider

    server = provider(settings, reporter).find()
    if server is None or server.state != "running":
        state = "is not there yet" if server is None else f"is {server.state}"
        raise NotReady(f"the {settings.target.provider} PostgreSQL {state}", hint="gigops provision")
    return server.url
