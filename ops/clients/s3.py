"""Backups in an S3 bucket: memory of one part, committed only when the source ended well."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from ops.clients import s3parts
from ops.errors import NotReady
from ops.interfaces import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class S3Store:
    """`ObjectStore` in `bucket` below `prefix`. Credentials come from where AWS tools look for them.

    AWS itself gets SHA-256 for every part. A store behind `endpoint_url` gets Content-MD5, which all of
    them know, and none of the checksums that boto3 adds by itself, which some of them refuse.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint_url: str = "",
        attempts: int = 5,
        timeout: float = 60.0,
        smallest_part: int = s3parts.SMALLEST,
    ) -> None:
        self._bucket, self._prefix, self._endpoint_url = bucket, prefix.strip("/"), endpoint_url
        self._attempts, self._timeout, self._smallest_part = attempts, timeout, smallest_part
        self._opened: S3Client | None = None

    def put(self, key: str, source: BinaryIO, *, expected: int = 0) -> int:
        from ops.clients.s3upload import Upload

        with self._explaining("write", key):
            upload = Upload(
                client=self._client,
                bucket=self._bucket,
                name=self._name(key),
                where=f"{self.describe()}/{key}",
                proof=s3parts.content_md5 if self._endpoint_url else s3parts.sha256,
                algorithm={} if self._endpoint_url else {"ChecksumAlgorithm": "SHA256"},
            )
            return upload.run(source, s3parts.part_size(expected, smallest=self._smallest_part))

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        with self._explaining("read", key):
            found = self._client.get_object(Bucket=self._bucket, Key=self._name(key))
        body = found["Body"]
        try:
            yield io.BufferedReader(_Body(self, key, body, found["ContentLength"]), 1 << 20)
        finally:
            body.close()

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        before = len(self._prefix) + 1 if self._prefix else 0
        with self._explaining("list", prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._name(prefix)):
                for found in page.get("Contents", []):
                    yield StoredObject(found["Key"][before:], found["Size"], found["LastModified"])

    def delete(self, key: str) -> None:
        with self._explaining("delete", key):
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def describe(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @property
    def _client(self) -> S3Client:
        if self._opened is None:
            self._opened = self._connect()
        return self._opened

    def _connect(self) -> S3Client:
        import boto3
        from botocore.config import Config

        words: dict[str, Any] = {
            "connect_timeout": min(10.0, self._timeout),
            "read_timeout": self._timeout,
            "retries": {"mode": "standard", "total_max_attempts": self._attempts},
            "tcp_keepalive": True,
        }
        session = boto3.Session()
        region = session.region_name or "us-east-1"
        if not self._endpoint_url:
            return session.client("s3", region_name=region, config=Config(**words))
        words["s3"] = {"addressing_style": "path"}
        words["request_checksum_calculation"] = words["response_checksum_validation"] = "when_required"
        return session.client(
            "s3", endpoint_url=self._endpoint_url, region_name=region, config=Config(**words)
        )

    def _name(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key

    @contextmanager
    def _explaining(self, act: str, key: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        from ops.clients.s3errors import explained

        try:
            yield
        except (ClientError, BotoCoreError, ValueError) as error:
            if isinstance(error, ValueError) and "endpoint" not in str(error):
                raise
            where = self.describe() + (f" ({self._endpoint_url})" if self._endpoint_url else "")
            raise explained(error, act, key, self._bucket, where) from None


class _Body(io.RawIOBase):
    """An object's bytes, with our own errors, and never fewer of them than the store announced."""

    def __init__(self, store: S3Store, key: str, body: Any, length: int) -> None:
        self._store, self._key, self._body, self._left = store, key, body, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        with self._store._explaining("read", self._key):
            chunk: bytes = self._body.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._left -= len(chunk)
        if not chunk and self._left > 0:
            raise NotReady(f"`{self._key}` ended {self._left} bytes early", hint="run it again")
        return len(chunk)
