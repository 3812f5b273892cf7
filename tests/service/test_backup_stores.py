"""What every store promises, asked of a folder and a real S3 store; then what only one can get wrong."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ops.clients.s3 import S3Store
from ops.errors import Missing, NotReady, Refused
from tests.servers.losing import losing_answers
from tests.servers.postgres import free_port
from tests.servers.s3 import S3Server
from tests.service.backing import PART, Place, folder_place


class Failing(io.RawIOBase):
    """Yields `good` bytes, then raises, as a dump does whose program died."""

    def __init__(self, good: int) -> None:
        self._left = good

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            raise NotReady("the source died")
        count = min(self._left, len(buffer))
        buffer[:count] = b"x" * count
        self._left -= count
        return count


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART + 7])
def test_what_was_put_comes_back_whole(place: Place, size: int) -> None:
    data = os.urandom(size)

    assert place.store.put("v1/a/ö b.dump", io.BytesIO(data)) == size

    with place.store.open("v1/a/ö b.dump") as back:
        assert hashlib.sha256(back.read()).digest() == hashlib.sha256(data).digest()
    (found,) = place.store.list("v1/a/")
    assert (found.key, found.size) == ("v1/a/ö b.dump", size)
    place.store.delete("v1/a/ö b.dump")
    assert list(place.store.list()) == []
    with pytest.raises(Missing), place.store.open("v1/a/ö b.dump"):
        pass


@pytest.mark.parametrize("good", [0, 100, PART, 2 * PART + 5])
def test_a_source_that_fails_leaves_nothing(place: Place, good: int) -> None:
    with pytest.raises(NotReady, match="the source died"):
        place.store.put("v1/a/dump", io.BufferedReader(Failing(good)))

    assert place.left() == []


@pytest.mark.parametrize("size", [10, PART + 1])
def test_an_object_is_never_overwritten(place: Place, size: int) -> None:
    place.store.put("v1/a/dump", io.BytesIO(b"first"))

    with pytest.raises(Refused, match="never overwritten"):
        place.store.put("v1/a/dump", io.BytesIO(b"x" * size))

    with place.store.open("v1/a/dump") as back:
        assert back.read() == b"first"
    assert not [name for name in place.left() if "partial" in name or "upload" in name]


def test_of_writers_at_once_one_wins(place: Place) -> None:
    # With more than one part this S3 server has been seen to let two win: it looks, then completes.
    # What decides is the manifest, which is small.
    size = 10
    ready = threading.Barrier(4)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            chunk = super().read(size)
            if not chunk:
                ready.wait(30)  # all have looked whether the name is free, and found it so
            return chunk

    def write(letter: bytes) -> bytes:
        try:
            place.store.put("v1/a/dump", Slow(letter * size))
        except Refused:
            return b""
        return letter

    with ThreadPoolExecutor(4) as pool:
        winners = [letter for letter in pool.map(write, (b"a", b"b", b"c", b"d")) if letter]

    with place.store.open("v1/a/dump") as back:
        assert [back.read(1)] == winners
    assert not [name for name in place.left() if "partial" in name or "upload" in name]


def test_a_listing_keeps_apart_names_that_begin_alike(place: Place) -> None:
    for key in ("v1/app/x", "v1/app-staging/x", "v1/app/y/z"):
        place.store.put(key, io.BytesIO(b"1"))

    assert [found.key for found in place.store.list("v1/app/")] == ["v1/app/x", "v1/app/y/z"]


def test_memory_stays_at_a_part_whatever_the_size(place: Place) -> None:
    class Endless(io.RawIOBase):
        left = 12 * PART

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            count = min(self.left, len(buffer))
            self.left -= count
            return count

    place.store.put("warm", io.BytesIO(b"up"))
    tracemalloc.start()
    try:
        place.store.put("v1/a/dump", io.BufferedReader(Endless(), 1 << 20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * PART


def test_a_bucket_that_is_not_there_is_missing(aws_environment: S3Server) -> None:
    store = S3Store("no-such-bucket", endpoint_url=aws_environment.endpoint_url, attempts=1)
    for act in _acts(store, size=10), _acts(store, size=PART + 1):
        for one in act:
            with pytest.raises(Missing, match="no bucket `no-such-bucket`") as caught:
                one()
            assert caught.value.exit_code == 10
            assert "backup.to" in caught.value.hint


@pytest.mark.parametrize("wrong", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "none"])
def test_wrong_credentials_are_named_and_not_shown(
    aws_environment: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    if wrong == "none":
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    else:
        monkeypatch.setenv(wrong, "quite-wrong-value")
    store = S3Store(bucket, endpoint_url=aws_environment.endpoint_url, attempts=1)
    for one in _acts(store, size=10):
        with pytest.raises(NotReady, match="credentials") as caught:
            one()
        assert "AWS_ACCESS_KEY_ID" in caught.value.hint
        assert "quite-wrong-value" not in caught.value.message
        assert aws_environment.secret not in caught.value.message


def test_a_store_that_does_not_answer_is_named_in_bounded_time(aws_environment: S3Server) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(NotReady, match="does not answer") as caught:
        S3Store("b", endpoint_url=url, attempts=2).put("x", io.BytesIO(b"x"))
    assert url in caught.value.message
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NotReady, match="does not answer"):
            S3Store("b", endpoint_url=url, attempts=1, timeout=1).put("x", io.BytesIO(b"x"))


@pytest.mark.parametrize("size", [10, PART + 1])
def test_a_write_whose_answer_got_lost_is_not_taken_for_anothers(
    aws_environment: S3Server, bucket: str, size: int
) -> None:
    commits = (b"PUT /", b"POST /") if size == 10 else (b"POST /",)

    def lost(request: bytes) -> bool:
        return request.startswith(commits) and (size == 10 or b"uploadId=" in request.split(b"\r\n")[0])

    with losing_answers(aws_environment, lost) as (url, dropped):
        store = S3Store(bucket, endpoint_url=url, attempts=3, smallest_part=PART)
        assert store.put("v1/a/dump", io.BytesIO(b"m" * size)) == size

    assert len(dropped) == 1
    with store_at(aws_environment, bucket).open("v1/a/dump") as back:
        assert back.read() == b"m" * size


def test_a_flipped_bit_on_the_way_is_not_stored(aws_environment: S3Server, bucket: str) -> None:
    from botocore.awsrequest import AWSPreparedRequest

    store = store_at(aws_environment, bucket)

    def flip(request: AWSPreparedRequest, **_: Any) -> None:
        assert request.body == b"m" * 10 or request.body.read() == b"m" * 10
        request.body = b"n" + b"m" * 9

    store._client.meta.events.register("before-send.s3.PutObject", flip)
    with pytest.raises(NotReady, match="BadDigest"):
        store.put("v1/a/dump", io.BytesIO(b"m" * 10))
    assert list(store.list()) == []


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file of this process may grow beyond 1 MiB: a full disk, as far as a write can tell."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing_and_says_where(tmp_path: Path, small_files: None) -> None:
    place = folder_place(tmp_path / "backups")

    with pytest.raises(NotReady, match="no room") as caught:
        place.store.put("v1/a/dump", io.BytesIO(bytes(3 << 20)))

    assert str(tmp_path / "backups/v1/a/dump") in caught.value.message
    assert "backup.to" in caught.value.hint
    assert place.left() == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotReady, match="cannot be used"):
        folder_place(tmp_path / "file").store.put("v1/a/dump", io.BytesIO(b"x"))


def test_others_cannot_read_a_backup_in_a_folder(tmp_path: Path) -> None:
    folder_place(tmp_path / "backups").store.put("v1/a/dump", io.BytesIO(b"x"))

    modes = {p.stat().st_mode & 0o777 for p in (tmp_path / "backups").rglob("*") if p.is_dir()}
    assert modes == {0o700}
    assert (tmp_path / "backups/v1/a/dump").stat().st_mode & 0o777 == 0o600


def test_no_key_leads_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        folder_place(tmp_path / "backups").store.put("v1/../../x", io.BytesIO(b"x"))


def store_at(server: S3Server, bucket: str) -> S3Store:
    return S3Store(bucket, endpoint_url=server.endpoint_url, attempts=1, smallest_part=PART)


def _acts(store: S3Store, *, size: int) -> tuple[Callable[[], object], ...]:
    def read() -> None:
        with store.open("v1/x"):
            pass

    return (
        lambda: store.put("v1/x", io.BytesIO(bytes(size))),
        lambda: list(store.list("v1/")),
        read,
    )
