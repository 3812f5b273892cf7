"""The documents keep up with each other and with the code."""

from __future__ import annotations

import re

import pytest

from ops import errors
from tests.architecture.repository import ROOT, tracked


def headings(text: str) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", without_code(text), re.MULTILINE)]


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def code(text: str) -> list[str]:
    """The lines in fences, without their comments, which are translated."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for full in block.splitlines() if (line := full.split("#")[0].strip())]


def test_the_two_readmes_have_the_same_shape_and_the_same_commands() -> None:
    english, spanish = ((ROOT / name).read_text() for name in ("README.md", "README.es.md"))
    assert headings(english) == headings(spanish)
    assert code(english) == code(spanish)


def test_every_exit_code_stands_in_the_document() -> None:
    text = (ROOT / "docs/exit-codes.md").read_text()
    told = {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    assert told == {0, 130, 143} | {one.exit_code for one in classes if issubclass(one, errors.GigopsError)}


@pytest.mark.parametrize(
    "document", [p for p in tracked() if p.suffix == ".md"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_link_to_another_file_leads_to_one(document) -> None:  # type: ignore[no-untyped-def]
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", without_code(document.read_text()))
    assert [target for target in targets if not (document.parent / target).exists()] == []
