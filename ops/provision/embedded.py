"""A real PostgreSQL server of the user's own: made with initdb, started with pg_ctl, kept in `.gigops`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ops.errors import NotReady, Refused
from ops.interfaces import Clock, Reporter
from ops.provision import account as accounts
from ops.provision import home as homes
from ops.provision import login, ports, private
from ops.provision.account import Account
from ops.provision.binaries import Binaries, Places, locate
from ops.provision.cluster import Cluster
from ops.provision.credentials import ADMIN, Credentials, generate
from ops.provision.home import Record
from ops.provision.provider import Server, State
from ops.settings import Target
from ops.values import DatabaseUrl

_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Embedded:
    """`account` is whom root hands the server to; None for everybody else."""

    app: str
    target: Target
    state_dir: Path
    places: Places
    account: Account | None
    reporter: Reporter
    clock: Clock
    system_home: Path = homes.SYSTEM_HOME

    @property
    def name(self) -> str:
        return "embedded"

    def find(self) -> Server | None:
        record = Record.load(self.state_dir)
        if record is None or not self._cluster(record).exists():
            return None
        cluster = self._cluster(record)
        url = self._wanted(cluster.port() if cluster.pid() else record.port)
        where = f"data in {cluster.data}"
        if cluster.pid() is None:
            if cluster.was_killed():
                return self._server(
                    url, "broken", f"the server was killed, not stopped; its data is kept; {where}"
                )
            return self._server(url, "stopped", where)
        try:
            return self._server(url, "running", where, login.version(url))
        except NotReady as error:
            return self._server(url, "broken", f"it runs, but {error.message}; {where}")

    def plan(self) -> Sequence[str]:
        server, record = self.find(), Record.load(self.state_dir)
        if server and record:
            if self._cluster(record).pid() is None:
                self._binaries(record)
                return [f"start the PostgreSQL server in {record.home}; its data is kept"]
            self._refuse_to_move(record)
            if server.state == "running" and record.settled:
                return [f"nothing to do: PostgreSQL {server.version} runs at {server.url}"]
            return [
                f"make the role `{self.target.user}` and the database `{self.target.database}`"
                f" in the server at {server.url.host}:{server.url.port} where they are missing"
            ]
        record = record or self._new_record()
        binaries = self._binaries(record)
        return [
            f"make a PostgreSQL {binaries.version} server with the programs of {binaries.folder}",
            f"keep its data in {record.home}",
            *([self._why(record)] if self._why(record) else []),
            f"listen on {_HOST}, {f'port {self.target.port}' if self.target.port else 'a free port'}"
            " that stays the same",
            f"create the role `{self.target.user}` (no superuser) and its database `{self.target.database}`",
        ]

    def create(self) -> Server:
        private.state_folder(self.state_dir)
        with private.lock(self.state_dir / "embedded.lock"):
            record = Record.load(self.state_dir) or self._new_record()
            cluster = self._cluster(record)
            if cluster.pid() is not None and record.settled:
                self._refuse_to_move(record)
                if login.works(self._wanted(cluster.port())):
                    return self._running()
            return self._bring_up(record, cluster)

    def destroy(self, *, delete_data: bool) -> Sequence[str]:
        record = Record.load(self.state_dir)
        if record is None:
            return ["nothing to do: there is no embedded server here"]
        with private.lock(self.state_dir / "embedded.lock"):
            cluster = self._cluster(record)
            done = [f"stopped the server in {record.home}"] if cluster.stop() else []
            if not delete_data:
                return done or [f"nothing to do: the server in {record.home} does not run"]
            if record.home.exists():
                cluster.remove()
            for kept in (self.name, f"{self.name}-admin"):
                self._credentials.forget(kept)
            (self.state_dir / "embedded.json").unlink(missing_ok=True)
            return [*done, f"deleted {record.home}: data, logs and passwords"]

    def _bring_up(self, record: Record, cluster: Cluster) -> Server:
        binaries = self._binaries(record)
        if self._why(record) and not cluster.exists():
            self.reporter.say(f"the data goes to {record.home}")
            self.reporter.say(self._why(record))
        record.save(self.state_dir)
        homes.make(record.home, cluster.account)
        if binaries.folder.is_relative_to(record.home) and not binaries.folder.exists():
            self.reporter.detail(f"copying the PostgreSQL programs to {binaries.folder}")
            homes.bring(self._located(record), record.home)
        admin = self._admin(cluster, binaries)
        if cluster.pid() is None:
            record = self._start(record, cluster, binaries)
        else:
            record = record.on(cluster.port() or record.port)
        if record.settled and self._credentials.load(self.name) is None:
            self.reporter.warn(
                f"the password file of `{self.target.user}` is gone: it gets a new password",
                hint="write it to .env: gigops env use postgresql",
            )
        url = self._wanted(record.port)
        self._credentials.save(self.name, url)
        for change in login.ensure(replace(admin, port=record.port), url):
            self.reporter.detail(change)
        replace(record, settled=True).save(self.state_dir)
        return self._running()

    def _admin(self, cluster: Cluster, binaries: Binaries) -> DatabaseUrl:
        """Makes the cluster when there is none; its superuser's password is written down first."""
        name = f"{self.name}-admin"
        admin = self._credentials.load(name)
        lost = admin is None
        if admin is None:
            admin = DatabaseUrl(_HOST, 5432, "postgres", ADMIN, generate())
        assert admin.password is not None
        if not cluster.exists():
            self._credentials.save(name, admin)
            self.reporter.say(f"making a PostgreSQL {binaries.version} server in {cluster.home}")
            cluster.make(binaries, admin.password)
        elif lost:
            self.reporter.warn("the superuser's password file is gone: setting a new password")
            cluster.stop()
            cluster.reset_admin(binaries, admin.password)
            self._credentials.save(name, admin)
        return admin

    def _start(self, record: Record, cluster: Cluster, binaries: Binaries) -> Record:
        port = ports.choose(self.target.port, record.port, record.settled, str(cluster.home), ports.is_free)
        if record.settled and port != record.port:
            self.reporter.warn(
                f"the server moves from port {record.port} to {port}",
                hint="write the new address to .env: gigops env use postgresql",
            )
        record = record.on(port)
        record.save(self.state_dir)
        self.reporter.say(f"starting PostgreSQL {binaries.version} on {_HOST}:{port}")
        cluster.start(binaries, port)
        return record.on(cluster.port() or port)

    def _running(self) -> Server:
        server = self.find()
        if server is None or server.state != "running":
            raise NotReady(
                f"the embedded server does not stay up: {server.detail if server else 'it is gone'}",
                hint="gigops status",
            )
        return server

    def _refuse_to_move(self, record: Record) -> None:
        if self.target.port and self.target.port != record.port:
            raise Refused(
                f"the server runs on port {record.port}, which .env may name, not {self.target.port}",
                hint="gigops destroy (keeps the data), then gigops provision moves it",
            )

    def _wanted(self, port: int | None) -> DatabaseUrl:
        """The application's URL: its password is kept for as long as the data is."""
        kept = self._credentials.load(self.name)
        password = kept.password if kept else None
        if password is None:
            password = generate()
        return DatabaseUrl(_HOST, port or 0, self.target.database, self.target.user, password)

    def _new_record(self) -> Record:
        return Record(homes.choose(self.state_dir, self.app, self.account, self.system_home))

    def _why(self, record: Record) -> str:
        if self.account is None or record.home.is_relative_to(self.state_dir):
            return ""
        return f"(for root the server runs as `{self.account.name}`, who cannot enter {self.state_dir})"

    def _located(self, record: Record) -> Binaries:
        major = self._cluster(record).major() if self._cluster(record).exists() else ""
        asked = self.target.version.split(".")[0]
        if major and asked and major != asked:
            raise Refused(
                f"the data in {record.home} is of PostgreSQL {major}, and {asked} is asked for",
                hint=f"set target.version to {major}; gigops does not upgrade a server in place",
            )
        copies = [path / "bin" for path in record.home.glob("pgsql-*") if path.suffix != ".making"]
        return locate(self.places, major or asked, copies)

    def _binaries(self, record: Record) -> Binaries:
        return homes.runnable(self._located(record), record.home, self._cluster(record).account)

    def _cluster(self, record: Record) -> Cluster:
        return Cluster(record.home, self._keeper(record.home / "data"), self.clock)

    def _keeper(self, data: Path) -> Account | None:
        """Who owns the data runs the server, whoever asks now."""
        if os.geteuid() != 0 or not data.exists():
            return self.account
        return accounts.lookup(data.stat().st_uid) or self.account

    @property
    def _credentials(self) -> Credentials:
        return Credentials(self.state_dir)

    def _server(self, url: DatabaseUrl, state: State, detail: str, version: str = "") -> Server:
        return Server(self.name, self.app, url, version, state, detail)
