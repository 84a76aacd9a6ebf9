"""Does the README's tour work, to the letter, against a mesh that `ganglion up` started?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests import tour
from tests.real_servers import free_port


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a mesh in a home and on ports of its own."""
    environment = {
        **tour.environment(),
        "GANGLION_HOME": str(tmp_path_factory.mktemp("home")),
        "GANGLION_NATS_PORT": str(free_port()),
        "GANGLION_NATS_MONITOR_PORT": str(free_port()),
        "GANGLION_CLICKHOUSE_PORT": str(free_port()),
        "GANGLION_HTTP_PORT": str(free_port()),
    }
    tour.run("ganglion up --detach", environment)
    yield environment
    tour.run("ganglion down", environment)


@pytest.mark.timeout(600)  # a machine that runs tests beside it is slow
def test_the_tour(mesh: dict[str, str]) -> None:
    tour.take({**mesh, "NATS_URL": f"nats://127.0.0.1:{mesh['GANGLION_NATS_PORT']}"})


def test_every_file_the_readme_names_is_there() -> None:
    named = [link for link in re.findall(r"\]\(([^)#]+)\)", tour.README) if "://" not in link]
    assert [link for link in named if not (tour.ROOT / link).exists()] == []
