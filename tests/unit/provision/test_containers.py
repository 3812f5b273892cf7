"""What a PostgreSQL container of gigops looks like, in Docker and in the Compose file alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ops.provision.containers import ContainerSpec, Image, data_mount, image_name, major_of, spec

_COMPOSE = Path(__file__).parents[3] / "compose" / "postgres.yaml"


@pytest.mark.parametrize(
    ("image", "told", "major"),
    [
        ("postgres:17", {"PG_MAJOR": "17"}, "17"),
        ("registry.example:5000/team/postgres", {"PG_MAJOR": "16"}, "16"),
        ("postgres:15.4-alpine", {}, "15"),
        ("registry.example:5000/postgres", {}, ""),
    ],
)
def test_the_major_version_is_what_the_image_says_else_its_tag(
    image: str, told: dict[str, str], major: str
) -> None:
    assert major_of(Image(image, told)) == major


def test_images_from_18_on_get_the_volume_one_folder_higher() -> None:
    assert [data_mount(major) for major in ("13", "17", "18", "19")] == [
        "/var/lib/postgresql/data",
        "/var/lib/postgresql/data",
        "/var/lib/postgresql",
        "/var/lib/postgresql",
    ]


def test_an_image_named_in_full_goes_before_a_version() -> None:
    assert image_name("mine:1", "16") == "mine:1"
    assert image_name("", "16") == "postgres:16"
    assert image_name("", "") == ""


def _made() -> ContainerSpec:
    return spec("gigops-app-1", Image("postgres:17", {"PG_MAJOR": "17"}), {}, 5432, "gigops-app-1-data")


def test_the_password_is_in_no_word_of_the_container() -> None:
    assert "POSTGRES_PASSWORD" not in _made().environment
    assert _made().environment["POSTGRES_PASSWORD_FILE"] == "/gigops/password"


def test_the_compose_file_describes_the_same_server() -> None:
    made, service = _made(), yaml.safe_load(_COMPOSE.read_text())["services"]["postgres"]
    environment = {**made.environment, "POSTGRES_PASSWORD_FILE": "/run/secrets/admin_password"}
    assert service["image"] == f"${{GIGOPS_POSTGRES_IMAGE:-{made.image}}}"
    assert service["environment"] == environment
    assert service["ports"] == [f"127.0.0.1:${{GIGOPS_POSTGRES_PORT:-{made.port}}}:5432"]
    assert service["volumes"] == [f"data:{made.mount}"]
    assert tuple(service["healthcheck"]["test"]) == tuple(made.health)
    assert service["stop_signal"] == made.stop_signal
    assert service["shm_size"] == f"{made.shared_memory // 1024 // 1024}m"
    assert service["restart"] == "unless-stopped"
