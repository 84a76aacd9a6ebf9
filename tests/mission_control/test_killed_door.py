"""Is what was asked done once, though mission control is killed in the middle?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from tests.mission_control.door import Door, Reply
from tests.real_servers import RealProcess, wait_until

KILLS = 6
AT_ONCE = 4


def test_what_is_asked_again_after_a_kill_is_done_once(
    door: Door, overseer: RealProcess, home: Path
) -> None:
    """Each round asks for some tasks, sees the first of them answered or under way, and kills."""
    asked: list[str] = []
    answered: dict[str, str] = {}

    def ask(key: str) -> Reply | None:
        with suppress(OSError, HTTPException):  # it was killed meanwhile
            reply = door.post("/tasks", {"action": f"dig {key}"}, Idempotency_Key=key)
            if reply.status == 201:
                answered[key] = reply.json["task_id"]
            return reply
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(KILLS):
            keys = [f"{number}-{each}" for each in range(AT_ONCE)]
            asked += keys
            before = len(answered)
            under_way = [pool.submit(ask, key) for key in keys]
            # In half of the rounds some are answered by then, in the others most are not.
            if number % 2:
                wait_until(lambda before=before: len(answered) > before, "one is answered")  # type: ignore[misc]
            door.kill()
            for each in under_way:
                each.result()
            door.start()
    promised = dict(answered)
    for key in asked:
        reply = ask(key)
        assert reply is not None
        assert reply.status == 201, reply.body
        assert promised.get(key, reply.json["task_id"]) == reply.json["task_id"]
    tasks = door.get("/tasks?limit=1000").json["tasks"]
    assert sorted(each["action"] for each in tasks) == sorted(f"dig {key}" for key in asked)
