"""When a gate holds writes back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.database.gate import Gate, closed, path_for

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('{"deadline": "2026-05-01T12:00:01+00:00"}', True),
        ('{"deadline": "2026-05-01T12:00:00Z"}', False),
        ('{"deadline": "2026-05-01T13:30:00+02:00"}', False),
        ('{"deadline": "2026-05-01T12:30:00"}', True),
        ("", True),
        ('{"deadl', True),
        ("[]", True),
        ('{"deadline": null}', True),
    ],
)
def test_a_gate_holds_until_its_deadline_and_when_half_written(text: str, holds: bool) -> None:
    assert closed(text, NOON) is holds


def test_the_gate_is_beside_the_env_file_and_beside_what_it_links_to(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    real, link = tmp_path / "shared" / ".env", tmp_path / ".env"
    real.touch()
    link.symlink_to(real)
    gate = Gate(link)
    assert not gate.stands()
    for place in (link, real):
        path_for(place).write_text('{"deadline": "2999-01-01T00:00:00Z"}')
        assert gate.stands()
        path_for(place).unlink()


def test_without_an_env_file_there_is_no_gate() -> None:
    assert not Gate(None).stands()
