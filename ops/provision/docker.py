"""PostgreSQL in a container, its data in a named volume; only what carries gigops's labels is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from ops.errors import NotReady, Refused
from ops.interfaces import Clock, Reporter
from ops.provision import containers, login, ports, private
from ops.provision.containers import Container, ContainerEngine, Image, Volume
from ops.provision.credentials import ADMIN, Credentials, generate
from ops.provision.home import slug
from ops.provision.provider import Server, State
from ops.settings import Target
from ops.values import DatabaseUrl, redact

_HOST = "127.0.0.1"
_READY_TIMEOUT = 180


@dataclass(frozen=True)
class Docker:
    """One container and one volume for the application whose state is in `state_dir`."""

    app: str
    target: Target
    state_dir: Path
    engine: ContainerEngine
    reporter: Reporter
    clock: Clock

    @property
    def name(self) -> str:
        return "docker"

    def find(self) -> Server | None:
        container, volume = self.engine.container(self._name), self.engine.volume(self._volume)
        if volume is None or not self._is_ours(volume):
            if container is None or not self._is_ours(container):
                return None
            return self._server("broken", f"the volume of {container.name} is gone", container.port)
        kept = f"data in the Docker volume {volume.name}"
        if container is None or not self._is_ours(container):
            return self._server("stopped", f"its container is gone; {kept}", self._remembered())
        where = f"container {container.name}, {kept}"
        if container.state != "running":
            return self._server("stopped", f"{where}; the container is {container.state}", container.port)
        try:
            version = login.version(self._wanted(container.port))
        except NotReady as error:
            return self._server("broken", f"it runs, but {error.message}; {where}", container.port)
        return self._server("running", where, container.port, version)

    def plan(self) -> Sequence[str]:
        container, volume = self._mine()
        server = self.find()
        self._refuse_a_change(container, volume)
        if server and server.state == "running":
            return [f"nothing to do: PostgreSQL {server.version} runs at {server.url}"]
        if container and container.state != "created":
            return [f"start the container {container.name}; its data is kept"]
        image = self._image_name(volume)
        port = f"port {self.target.port}" if self.target.port else "a free port"
        lines = [] if self.engine.image(image) else [f"pull the image {image}"]
        lines += [] if volume else [f"make the volume {self._volume} for the data"]
        lines += [
            f"make the container {self._name} from {image}, restarted unless stopped",
            f"publish it on {_HOST}, {port} that stays the same",
        ]
        if volume is None:
            user, database = self.target.user, self.target.database
            lines.append(f"create the role `{user}` (no superuser) and its database `{database}`")
        return lines

    def create(self) -> Server:
        private.state_folder(self.state_dir)
        with private.lock(self.state_dir / "docker.lock"):
            container, volume = self._mine()
            self._refuse_a_change(container, volume)
            server = self.find()
            if server and server.state == "running":
                self._credentials.save(self.name, server.url)
                return server
            image = self._image(self._image_name(volume))
            admin = self._admin(volume)
            self._make_volume(volume, image)
            container = self._make_container(container, image, admin)
            if container.state != "running":
                self.reporter.say(f"starting the container {self._name} on {_HOST}:{container.port}")
                self.engine.start(self._name)
            self._wait(replace(admin, port=container.port))
            url = self._wanted(container.port)
            self._credentials.save(self.name, url)
            for change in login.ensure(replace(admin, port=container.port), url):
                self.reporter.detail(change)
            return self._running()

    def destroy(self, *, delete_data: bool) -> Sequence[str]:
        private.state_folder(self.state_dir)
        with private.lock(self.state_dir / "docker.lock"):
            return self._destroy(delete_data)

    def _destroy(self, delete_data: bool) -> Sequence[str]:
        container, volume = self._mine()
        done = []
        if container:
            self.engine.stop(self._name)
            self.engine.remove_container(self._name)
            done.append(f"removed the container {self._name}")
        if delete_data and volume:
            self.engine.remove_volume(self._volume)
            done.append(f"deleted the volume {self._volume} and the data in it")
        elif volume:
            done.append(f"kept the data in the volume {self._volume}")
        if delete_data:
            for kept in (self.name, f"{self.name}-admin"):
                self._credentials.forget(kept)
        return done or ["nothing to do: gigops made no container here"]

    def _image(self, name: str) -> Image:
        image = self.engine.image(name)
        if image is None:
            self.reporter.say(f"pulling the image {name}")
            image = self.engine.pull(name)
        return image

    def _admin(self, volume: Volume | None) -> DatabaseUrl:
        """The superuser's login, written down before anything is made with it."""
        admin = self._credentials.load(f"{self.name}-admin")
        if admin is None and volume:
            path = self._credentials.path(f"{self.name}-admin")
            raise Refused(
                f"the volume {self._volume} holds a database whose password file `{path}` is gone",
                hint="put the file back, or give the data up: gigops destroy --provider docker --delete-data",
            )
        if admin is None:
            admin = DatabaseUrl(_HOST, 5432, "postgres", ADMIN, generate())
            self._credentials.save(f"{self.name}-admin", admin)
        return admin

    def _make_volume(self, volume: Volume | None, image: Image) -> None:
        major = containers.major_of(image)
        if volume is None:
            remembered = {"gigops.image": image.name, "gigops.major": major}
            self.engine.make_volume(self._volume, {**self._labels, **remembered})
        elif major != volume.labels.get("gigops.major", major):
            raise Refused(
                f"the data in {self._volume} is of PostgreSQL {volume.labels['gigops.major']},"
                f" and {image.name} is {major or 'of an unknown version'}",
                hint="name an image of the data's version; gigops does not upgrade a server in place",
            )

    def _make_container(self, container: Container | None, image: Image, admin: DatabaseUrl) -> Container:
        if container and container.state == "created":
            # made by a run that was killed before it could start it, or its port was taken
            self.engine.remove_container(self._name)
            container = None
        if container:
            return container
        remembered = self._remembered()
        port = ports.choose(self.target.port, remembered, bool(remembered), self._name, ports.is_free)
        if remembered and port != remembered:
            self.reporter.warn(
                f"the server moves from port {remembered} to {port}",
                hint="write the new address to .env: gigops env use postgresql",
            )
        spec = containers.spec(self._name, image, self._labels, port, self._volume)
        self.engine.make_container(spec)
        assert admin.password is not None
        self.engine.put_file(self._name, containers.PASSWORD_FILE, admin.password.reveal())
        return Container(self._name, image.name, "created", "", self._labels, port)

    def _wait(self, admin: DatabaseUrl) -> None:
        waited = 0.0
        while True:
            try:
                login.version(admin)
                return
            except NotReady as error:
                refused = error
            container = self.engine.container(self._name)
            state = container.state if container else "gone"
            answers = container is not None and container.health == "healthy"
            if state != "running" or answers or waited > _READY_TIMEOUT:
                words = "; ".join(self.engine.last_words(self._name)) if container else ""
                raise NotReady(
                    refused.message if answers else f"the container {self._name} is {state}:"
                    f" {redact(words, admin.password) or refused.message}",
                    hint=f"docker logs {self._name}",
                )  # fmt: skip
            self.clock.sleep(0.25)
            waited += 0.25

    def _running(self) -> Server:
        server = self.find()
        if server is None or server.state != "running":
            raise NotReady(
                f"the container {self._name} does not stay up: {server.detail if server else 'it is gone'}",
                hint=f"docker logs {self._name}",
            )
        return server

    def _mine(self) -> tuple[Container | None, Volume | None]:
        """What there is under our names. Raises Refused when somebody else made it."""
        container, volume = self.engine.container(self._name), self.engine.volume(self._volume)
        for kind, one in (("container", container), ("volume", volume)):
            if one and not self._is_ours(one):
                raise Refused(
                    f"there is a {kind} `{one.name}` that gigops did not make (it has no label gigops.root)",
                    hint=f"rename or remove it yourself, then try again: docker {kind} inspect {one.name}",
                )
        return container, volume

    def _refuse_a_change(self, container: Container | None, volume: Volume | None) -> None:
        """A container cannot be changed, and one with other words would break who uses this one."""
        if container is None or container.state == "created":
            return
        image = containers.image_name(self.target.image, self.target.version)
        hint = "gigops destroy --provider docker (keeps the data), then provision again"
        if image and image != container.image:
            raise Refused(
                f"the container {container.name} is of {container.image}, not of {image}", hint=hint
            )
        if self.target.port and self.target.port != container.port:
            raise Refused(
                f"the container {container.name} has port {container.port}, not {self.target.port}", hint=hint
            )
        if volume is None:
            raise Refused(f"the container {container.name} is there and its volume is not", hint=hint)

    def _image_name(self, volume: Volume | None) -> str:
        asked = containers.image_name(self.target.image, self.target.version)
        kept = volume.labels.get("gigops.image", "") if volume else ""
        return asked or kept or f"postgres:{containers.DEFAULT_MAJOR}"

    def _is_ours(self, one: Container | Volume) -> bool:
        return one.labels.get("gigops.root") == self._root

    def _remembered(self) -> int:
        kept = self._credentials.load(self.name)
        return kept.port if kept else 0

    def _wanted(self, port: int) -> DatabaseUrl:
        kept = self._credentials.load(self.name)
        password = (kept.password if kept else None) or generate()
        return DatabaseUrl(_HOST, port, self.target.database, self.target.user, password)

    def _server(self, state: State, detail: str, port: int, version: str = "") -> Server:
        return Server(self.name, self._name, self._wanted(port), version, state, detail)

    @property
    def _credentials(self) -> Credentials:
        return Credentials(self.state_dir)

    @property
    def _root(self) -> str:
        return sha256(str(self.state_dir.resolve()).encode()).hexdigest()[:12]

    @property
    def _labels(self) -> Mapping[str, str]:
        return {"gigops.app": self.app, "gigops.root": self._root}

    @property
    def _name(self) -> str:
        return f"gigops-{slug(self.app)}-{self._root[:8]}"

    @property
    def _volume(self) -> str:
        return f"{self._name}-data"
