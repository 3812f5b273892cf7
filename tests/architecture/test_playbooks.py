"""Every playbook that comes with gigops can be read, with the verbs there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops import assets
from ops.settings import App, Settings, Source
from ops.wiring.playbooks import Playbooks
from tests.architecture.repository import ROOT
from tests.servers.provisioning import Heard


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "playbooks").glob("*.yaml")))
def test_a_playbook_loads_and_says_what_it_is_for(name: str, tmp_path: Path) -> None:
    settings = Settings(tmp_path, App("shop", tmp_path / ".env"), (Source(tmp_path / "a.db"),))
    playbook = Playbooks.on_this_machine(settings, Heard()).load(name)
    assert playbook.name == name
    assert playbook.steps
    assert assets.path(f"playbooks/{name}.yaml").read_text().startswith("#") or playbook.description
