"""What an S3 store's refusals mean, and what helps against them."""

from __future__ import annotations

from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError

from ops.errors import GigopsError, Missing, NotReady

_CREDENTIALS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write ~/.aws/credentials"
_WRONG_KEY = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "AuthorizationHeaderMalformed",
)
_ELSEWHERE = ("PermanentRedirect", "301", "IllegalLocationConstraintException")


def explained(error: Exception, act: str, key: str, bucket: str, where: str) -> GigopsError:
    """The error of ours that says the same; `where` is the store, with its address."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return NotReady(f"there are no credentials for {where}", hint=_CREDENTIALS)
    if not isinstance(error, ClientError):
        return NotReady(
            f"the S3 store at {where} does not answer: {error}",
            hint="check the network, backup.endpoint_url in gigops.yaml and AWS_ENDPOINT_URL",
        )
    code = _code(error)
    message = str(error.response.get("Error", {}).get("Message", "")).strip()
    if code == "NoSuchBucket":
        return Missing(
            f"there is no bucket `{bucket}` at {where}",
            hint=f"correct backup.to in gigops.yaml, or make it: aws s3 mb s3://{bucket}",
        )
    if code in ("NoSuchKey", "404"):
        return Missing(f"`{where}/{key}` does not exist", hint="gigops backup list")
    if code in _WRONG_KEY:
        return NotReady(f"{where} refuses the credentials ({code})", hint=_CREDENTIALS)
    if code in ("AccessDenied", "403"):
        return NotReady(
            f"the credentials may not {act} `{key}` in {where}",
            hint="the key needs s3:PutObject, s3:GetObject, s3:ListBucket and s3:AbortMultipartUpload",
        )
    if code in _ELSEWHERE:
        return NotReady(f"the bucket `{bucket}` is in another region", hint="set AWS_REGION to the bucket's")
    return NotReady(f"{where} could not {act} `{key}`: {code} {message}".rstrip(), hint="run it again")


def met_another(error: ClientError) -> bool:
    """A conditional write found an object of its name."""
    return _code(error) in ("PreconditionFailed", "412", "ConditionalRequestConflict", "409")


def lost_upload(error: ClientError) -> bool:
    """The upload to be completed is not there: aborted by somebody, or completed already."""
    return _code(error) in ("NoSuchUpload", "404")


def no_such_condition(error: ClientError) -> bool:
    """The store does not know `If-None-Match` on writes."""
    return _code(error) in ("NotImplemented", "501")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
