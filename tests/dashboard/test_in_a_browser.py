"""Does the dashboard do in a browser, on a running mesh, what a person wants of it? Its own tests
ask (`mission_control/dashboard/tests/`)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import pytest

from local_mesh.home import Home
from tests.command_line import CommandLine
from tests.dashboard.node import chromium, run_script, why_not
from tests.ganglion.conftest import command_lines as command_lines
from tests.ganglion.conftest import ganglion as ganglion

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
    pytest.mark.skipif(chromium() is None, reason="chromium is not here: apt-get install chromium"),
]


@pytest.fixture
def page(ganglion: CommandLine) -> Iterator[Mapping[str, str]]:
    """Where a mesh has its page, as the tests of the dashboard want it said."""
    started = ganglion.run("up", "--detach")
    assert started.returncode == 0, started.stderr
    yield {
        "GANGLION_PAGE": f"http://localhost:{ganglion.environment['GANGLION_HTTP_PORT']}",
        "GANGLION_KEY": str(Home.at(ganglion.home).http_key),
        "GANGLION_CHROMIUM": os.fspath(chromium() or ""),
    }
    ganglion.run("down")


@pytest.mark.timeout(1800)
def test_it_works_at_all(page: Mapping[str, str]) -> None:
    done = run_script("browser", "tests/short.test.ts", environment=page)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.browser
@pytest.mark.timeout(3600)
def test_a_person_can_do_what_it_is_there_for(page: Mapping[str, str]) -> None:
    done = run_script("browser", "tests/person.test.ts", environment=page)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.browser
@pytest.mark.timeout(3600)
def test_a_person_finds_out_why_something_is_as_it_is(page: Mapping[str, str]) -> None:
    done = run_script("browser", "tests/history.test.ts", environment=page)
    assert done.returncode == 0, done.stdout + done.stderr
