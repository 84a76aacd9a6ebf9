"""Does KILL QUERY ever end what another account runs?"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.security.clickhouse_front import ANALYST, DEFAULT, Answer, Front, wait_until

REPORT = (
    b"SELECT sum(sleepEachRow(0.2)) FROM numbers(1000) SETTINGS max_block_size = 1,"
    b" function_sleep_max_microseconds_per_block = 0"
)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A front on which `default` runs `report-1`, until the tests are over."""
    front = Front(tmp_path_factory.mktemp("front"))
    answers: list[Answer] = []
    running = threading.Thread(
        target=lambda: answers.append(front.ask(REPORT, query_id="report-1", user=DEFAULT))
    )
    running.start()
    wait_until(lambda: front.running() == 1, "the report")
    yield front
    assert front.running() == 1
    assert front.ask(b"KILL QUERY WHERE (query_id) IN ('report-1') /* ; */ SYNC").status == 200
    running.join()
    assert answers[0].code == 394
    assert front.stop() == 0


@pytest.mark.parametrize(
    "condition",
    [
        "1) UNION ALL SELECT 'report-1' WHERE (1",
        "1) UNION ALL (SELECT 'report-1') UNION ALL SELECT 'x' WHERE (1",
        "0) OR (1",
        "1) FORMAT JSONCompactColumns --",
        "1 UNION ALL SELECT 'report-1'",
        "1) /*",
        "1 /* */ ) UNION ALL SELECT 'report-1' -- (",
        "1) LIMIT 0 UNION ALL SELECT $$report-1$$ WHERE ($$)$$ = $$)$$",
        "',' = ',', 1) UNION ALL SELECT 'report-1' WHERE (1",
        "[1) UNION ALL SELECT 'report-1' WHERE (1]",
        "1 SETTINGS max_threads = 1) UNION ALL SELECT 'report-1' WHERE (1",
    ],
)
@pytest.mark.parametrize("mode", ["SYNC", "ASYNC", "TEST", "SYNC FORMAT JSON", ""])
def test_a_condition_is_one_expression(front: Front, condition: str, mode: str) -> None:
    answer = front.ask(f"KILL QUERY WHERE {condition} {mode}".encode(), user=ANALYST)
    assert (answer.status, answer.code) == (400, 62), answer.text


@pytest.mark.parametrize(
    "condition",
    ["1", "user = 'default'", "query_id IN (SELECT 'report-1')", "1 OR ')(' = ';' -- )"],
)
def test_what_is_true_of_others_ends_nothing(front: Front, condition: str) -> None:
    answer = front.ask(f"KILL QUERY WHERE {condition}\nTEST".encode(), user=ANALYST)
    assert "report-1" not in answer.text or answer.code == 497
    answer = front.ask(f"KILL QUERY WHERE {condition}\nSYNC".encode(), user=ANALYST)
    assert answer.code in (0, 497), answer.text


def test_by_its_id_it_is_refused(front: Front) -> None:
    assert front.ask(b"KILL QUERY WHERE query_id = 'report-1' SYNC", user=ANALYST).code == 497
    answer = front.ask(
        b"KILL QUERY WHERE query_id = {id:String}", user=ANALYST, param_id="report-1"
    )
    assert answer.code == 497
