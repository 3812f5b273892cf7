"""What every provider of a PostgreSQL server can do, and what it tells about the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ops.values import DatabaseUrl

State = Literal["running", "stopped", "broken"]


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server gigops knows.

    `version` is what the server says (`15.18`), empty when it does not run; `detail` says to people
    where the data is, and what is wrong when the state is `broken`.
    """

    provider: str
    name: str
    url: DatabaseUrl
    version: str
    state: State
    detail: str


class Provider(Protocol):
    """Makes, finds and removes one server. Nothing here ever asks a person."""

    @property
    def name(self) -> str: ...

    def find(self) -> Server | None:
        """What exists now. Changes nothing."""
        ...

    def create(self) -> Server:
        """Makes what is missing, starts what is stopped, and returns once `SELECT 1` works with the
        application's own login. Twice is the same as once, also after a kill half-way."""
        ...

    def plan(self) -> Sequence[str]:
        """What `create` would do now, a line each; `["nothing to do: …"]` when that is nothing."""
        ...

    def destroy(self, *, delete_data: bool) -> Sequence[str]:
        """Stops or removes the server and says what was done. The data stays unless `delete_data`."""
        ...
