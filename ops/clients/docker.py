"""A Docker Engine, reached the way the `docker` command reaches it."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, TypeVar

import docker
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import Mount
from requests.exceptions import RequestException

from ops.errors import NotReady
from ops.provision.containers import Container, ContainerSpec, Image, Volume

_HINT = "start Docker (and may this user use it?), or: gigops provision --provider embedded"
_SECOND = 1_000_000_000
_STOP_TIMEOUT = 60
_Found = TypeVar("_Found")


class DockerEngine:
    """`ContainerEngine` through the Docker SDK: DOCKER_HOST, else the current `docker context`."""

    def version(self) -> str:
        """The engine's own version. Raises NotReady when none answers."""
        with _explained("Docker does not answer"):
            return str(self._client.version()["Version"])

    def image(self, name: str) -> Image | None:
        found = self._look(lambda: self._client.images.get(name))
        return _image(name, found.attrs) if found else None

    def pull(self, name: str) -> Image:
        try:
            with _explained(f"the image {name} is not here and cannot be pulled"):
                return _image(name, self._client.images.pull(name).attrs)
        except NotReady as error:
            raise NotReady(
                error.message, hint=f"docker pull {name}, or name an image you have with --image"
            ) from None

    def container(self, name: str) -> Container | None:
        found = self._look(lambda: self._client.containers.get(name))
        if found is None:
            return None
        facts = found.attrs
        state = facts["State"]
        return Container(
            name=name,
            image=facts["Config"]["Image"],
            state=state["Status"],
            health=(state.get("Health") or {}).get("Status", ""),
            labels=facts["Config"].get("Labels") or {},
            port=_published(facts["HostConfig"].get("PortBindings") or {}),
        )

    def make_container(self, spec: ContainerSpec) -> None:
        policy: Any = {"Name": "unless-stopped"}  # the type stubs know two of the four names
        with _explained(f"the container {spec.name} cannot be made"):
            self._client.containers.create(
                spec.image,
                name=spec.name,
                environment=dict(spec.environment),
                labels=dict(spec.labels),
                ports={"5432/tcp": ("127.0.0.1", spec.port)},
                mounts=[Mount(target=spec.mount, source=spec.volume, type="volume")],
                restart_policy=policy,
                healthcheck={
                    "test": list(spec.health),
                    "interval": 5 * _SECOND,
                    "timeout": 5 * _SECOND,
                    "retries": 5,
                    "start_period": 30 * _SECOND,
                },
                stop_signal=spec.stop_signal,
                shm_size=spec.shared_memory,
            )

    def put_file(self, container: str, path: PurePosixPath, text: str) -> None:
        packed, raw = io.BytesIO(), text.encode()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            folder = tarfile.TarInfo(str(path.parent).lstrip("/"))
            folder.type, folder.mode = tarfile.DIRTYPE, 0o700
            tar.addfile(folder)
            file = tarfile.TarInfo(str(path).lstrip("/"))
            file.size, file.mode = len(raw), 0o400
            tar.addfile(file, io.BytesIO(raw))
        with _explained(f"the password cannot be put into the container {container}"):
            self._client.containers.get(container).put_archive("/", packed.getvalue())

    def start(self, container: str) -> None:
        with _explained(f"the container {container} does not start"):
            found = self._client.containers.get(container)
            if found.status == "paused":
                found.unpause()
            else:
                found.start()

    def stop(self, container: str) -> None:
        with _explained(f"the container {container} does not stop"):
            self._client.containers.get(container).stop(timeout=_STOP_TIMEOUT)

    def remove_container(self, container: str) -> None:
        with _explained(f"the container {container} cannot be removed"):
            self._client.containers.get(container).remove(force=True)

    def last_words(self, container: str) -> Sequence[str]:
        with _explained(f"the logs of {container} cannot be read"):
            raw = self._client.containers.get(container).logs(tail=5)
        return [line.strip() for line in raw.decode(errors="replace").splitlines() if line.strip()]

    def volume(self, name: str) -> Volume | None:
        found = self._look(lambda: self._client.volumes.get(name))
        return Volume(name, found.attrs.get("Labels") or {}) if found else None

    def make_volume(self, name: str, labels: Mapping[str, str]) -> None:
        with _explained(f"the volume {name} cannot be made"):
            self._client.volumes.create(name, labels=dict(labels))

    def remove_volume(self, name: str) -> None:
        with _explained(f"the volume {name} cannot be deleted"):
            self._client.volumes.get(name).remove()

    @cached_property
    def _client(self) -> docker.DockerClient:
        try:
            if os.environ.get("DOCKER_HOST"):
                return docker.from_env(timeout=120)
            context = ContextAPI.get_current_context()
            return docker.DockerClient(base_url=context.Host, tls=context.TLSConfig or False, timeout=120)
        except (DockerException, RequestException) as error:
            raise NotReady(f"no Docker Engine answers: {_short(error)}", hint=_HINT) from None

    def _look(self, ask: Callable[[], _Found]) -> _Found | None:
        with _explained("Docker does not answer"):
            try:
                return ask()
            except (NotFound, ImageNotFound):
                return None


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except APIError as error:
        text = _short(error)
        taken = "already allocated" in text or "address already in use" in text
        hint = "choose another port: gigops provision --port N" if taken else "docker info"
        raise NotReady(f"{what}: {text}", hint=hint) from None
    except (DockerException, RequestException) as error:
        raise NotReady(f"{what}: {_short(error)}", hint=_HINT) from None


def _short(error: Exception) -> str:
    text = getattr(error, "explanation", None) or str(error)
    return " ".join(str(text).split())[:300]


def _image(name: str, facts: Mapping[str, Any]) -> Image:
    pairs = (one.partition("=") for one in facts["Config"].get("Env") or ())
    return Image(name, {key: value for key, _, value in pairs})


def _published(bindings: Mapping[str, Any]) -> int:
    for binding in bindings.get("5432/tcp") or ():
        if binding.get("HostPort", "").isdigit():
            return int(binding["HostPort"])
    return 0
