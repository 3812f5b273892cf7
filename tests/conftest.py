"""What every test may ask for. Fixtures that start a real server live in tests/servers/."""

from __future__ import annotations

pytest_plugins = [
    "tests.servers.docker",
    "tests.servers.gigchain",
    "tests.servers.postgres",
    "tests.servers.managed",
    "tests.servers.provisioning",
    "tests.servers.s3",
]
