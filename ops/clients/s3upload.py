"""One upload to S3: conditional, with a proof for every part, and taken back when its source fails."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ops.clients import s3parts
from ops.clients.s3errors import lost_upload, met_another, no_such_condition
from ops.errors import NotReady, Refused

_MARK = "gigops-put"
Words = Mapping[str, Any]


@dataclass(frozen=True)
class Upload:
    """Writes one object. `proof` makes the checksum words of a piece of data, `algorithm` announces them.

    `mark` is stored with the object: a write whose answer was lost is repeated and then meets itself,
    and the mark tells that from meeting another's."""

    client: Any
    bucket: str
    name: str
    where: str
    proof: Callable[[bytearray], Words]
    algorithm: Words
    mark: str = field(default_factory=lambda: secrets.token_hex(8))

    def run(self, source: BinaryIO, size: int) -> int:
        """Stores what `source` yields, in parts of `size`; returns the bytes. All or nothing."""
        if self.head() is not None:
            raise self._taken()
        data = s3parts.filled(source, size)
        total = len(data)
        # a short first part means that the end was read, and so that the source ended well
        if total < size:
            self._whole(data)
        else:
            with self._multipart() as add:
                while data:
                    add(data)
                    del data  # or two parts are in memory while the next one is read
                    data = s3parts.filled(source, size)
                    total += len(data)
        self._must_be_stored(total)
        return total

    def head(self) -> Words | None:
        """What the store knows of the object; None when it is absent, or when we may not ask."""
        from botocore.exceptions import ClientError

        try:
            found: Words = self.client.head_object(Bucket=self.bucket, Key=self.name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                return None
            raise
        return found

    def _whole(self, data: bytearray) -> None:
        words = {**self._object, "Body": data, "Metadata": {_MARK: self.mark}, **self.proof(data)}
        self._conditionally(self.client.put_object, words)

    @contextmanager
    def _multipart(self) -> Iterator[Callable[[bytearray], None]]:
        """Takes parts; completed at the block's end, aborted when the block fails."""
        begun = self.client.create_multipart_upload(
            **self._object, **self.algorithm, Metadata={_MARK: self.mark}
        )
        upload = {**self._object, "UploadId": begun["UploadId"]}
        parts: list[Words] = []
        try:
            yield lambda data: parts.append(self._part(upload, len(parts) + 1, data))
            self._conditionally(
                self.client.complete_multipart_upload, {**upload, "MultipartUpload": {"Parts": parts}}
            )
        except BaseException as error:
            self._abort(upload, error)
            raise

    def _part(self, upload: Words, number: int, data: bytearray) -> Words:
        if number > s3parts.MOST:
            raise NotReady(
                f"`{self.where}` is larger than {s3parts.MOST} parts of an S3 upload",
                hint="the database grew much while it was read; run it again",
            )
        proof = self.proof(data)
        told = self.client.upload_part(**upload, PartNumber=number, Body=data, **proof)
        kept = {name: value for name, value in proof.items() if name.startswith("Checksum")}
        return {"PartNumber": number, "ETag": told["ETag"], **kept}

    def _conditionally(self, write: Callable[..., Any], words: Words) -> None:
        """Writes with `If-None-Match: *`; without it where the store says it does not know it."""
        from botocore.exceptions import ClientError

        try:
            try:
                write(**words, IfNoneMatch="*")
            except ClientError as error:
                if not no_such_condition(error):
                    raise
                write(**words)
        except ClientError as error:
            if not met_another(error) and not lost_upload(error):
                raise
            head = self.head()
            if head is not None and head.get("Metadata", {}).get(_MARK) == self.mark:
                return
            if lost_upload(error):
                raise
            raise self._taken() from None

    def _abort(self, upload: Words, cause: BaseException) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client.abort_multipart_upload(**upload)
        except (ClientError, BotoCoreError) as error:
            # the cause is what the user must see; the bucket's lifecycle rule clears what stays
            cause.add_note(f"the unfinished upload {upload['UploadId']} could not be taken back: {error}")

    def _must_be_stored(self, total: int) -> None:
        head = self.head()
        if head is None:  # a key that may write and not look; the hash in the manifest is the proof
            return
        if head.get("Metadata", {}).get(_MARK, self.mark) != self.mark:
            raise self._taken()
        if head["ContentLength"] != total:
            raise NotReady(
                f"`{self.where}` has {head['ContentLength']} bytes in the store, {total} were sent",
                hint="run it again; if it stays so, the store is not to be trusted",
            )

    @property
    def _object(self) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": self.name}

    def _taken(self) -> Refused:
        return Refused(f"`{self.where}` exists and is never overwritten", hint="gigops backup list")
