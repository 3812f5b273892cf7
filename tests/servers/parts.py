"""A part a test needs, such as Docker or S3: in CI it must be there, elsewhere the test skips and says so."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(part: str, remedy: str) -> NoReturn:
    """Fails in CI, skips elsewhere."""
    text = f"{part} is not here: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)
