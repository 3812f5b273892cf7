"""Playbooks, compose and config files are found in the user's folder first, then where gigops came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops import assets
from ops.errors import Missing, UsageError


def test_gigops_own_playbook_is_found_from_any_folder(tmp_path: Path) -> None:
    assert "steps:" in assets.path("playbooks/cutover.yaml", near=tmp_path).read_text()


def test_the_users_own_playbook_wins_over_that_of_gigops(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/cutover.yaml").write_text("mine")
    assert assets.path("playbooks/cutover.yaml", near=tmp_path).read_text() == "mine"


def test_names_are_those_of_the_user_and_of_gigops_each_once(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    for name in ("cutover.yaml", "mine.yaml", ".swp"):
        (tmp_path / "playbooks" / name).write_text("")
    found = assets.names("playbooks", near=tmp_path)
    assert found == sorted(set(found))
    assert {"cutover.yaml", "mine.yaml"} <= set(found) and ".swp" not in found


def test_a_name_that_is_nearly_right_is_told_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(Missing) as told:
        assets.path("playbooks/cutver.yaml", near=tmp_path)
    assert "playbooks/cutover.yaml" in told.value.hint


@pytest.mark.parametrize(
    "name", ["playbooks/../../secret", "/etc/passwd", "ops/errors.py", "playbooks//x", ""]
)
def test_a_name_cannot_lead_out_of_the_three_folders(name: str) -> None:
    with pytest.raises(UsageError, match="not a name below"):
        assets.path(name)
