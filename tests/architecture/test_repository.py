"""What may stand in the repository, and in which size."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, tracked

# Put together here, so that this file does not hold them itself.
_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted"),
        ("registry", "npmjs"),
        ("proxy", "golang"),
        ("deb", "debian"),
        ("security", "debian"),
    )
)
_PLACES = ("/".join(("", "work", "")), "/".join(("", "opt", "wheels")), "-".join(("--extra", "index")))


def texts() -> list[tuple[Path, str]]:
    out = []
    for path in tracked():
        raw = path.read_bytes()
        if b"\0" not in raw:
            out.append((path.relative_to(ROOT), raw.decode()))
    return out


def test_no_file_names_a_package_registry_or_a_private_place() -> None:
    found = [(path, word) for path, text in texts() for word in (*_HOSTS, *_PLACES) if word in text]
    assert found == []


def test_dependencies_are_pinned_without_a_lock_that_names_hosts() -> None:
    locks = {".".join((tool, "lock")) for tool in ("uv", "poetry", "Pipfile")}
    assert [path for path, _ in texts() if path.name in locks] == []
    pins = [path for path, _ in texts() if path.parent == Path("requirements")]
    assert {path.stem for path in pins} == {"build", "runtime", "example", "embedded", "dev"}


def test_every_pin_has_a_version_and_hashes_and_all_sets_agree() -> None:
    versions: dict[str, set[str]] = {}
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "file:" not in text and "--index" not in text
        for name, version, rest in re.findall(
            r"^([\w.-]+)==(\S+)(.*(?:\n    --hash.*)+)", text, re.MULTILINE
        ):
            versions.setdefault(name, set()).add(version)
            assert "--hash=sha256:" in rest
        bare = [line for line in text.splitlines() if re.match(r"[a-z]", line) and "==" not in line]
        assert bare == []
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("folder", ["ops", "tests", "examples", "benchmarks", "tools"])
def test_no_source_file_is_past_300_lines(folder: str) -> None:
    long = {
        str(path): count
        for path, text in texts()
        if path.suffix in (".py", ".sh") and path.parts[0] == folder and (count := text.count("\n")) > 300
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path)
        for path, text in texts()
        if path.suffix == ".py" and path.parts[0] in ("ops", "tools") and text and not text.startswith('"""')
    ]
    assert silent == []
