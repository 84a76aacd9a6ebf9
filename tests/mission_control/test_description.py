"""Does the interface describe itself as it is?"""

from __future__ import annotations

import re
from typing import Any

from tests.mission_control.door import Door

SURFACES = {
    "post": ("/objective", "/status", "/claim", "/tasks", "/workers", "/api/events", "/api/ask"),
    "get": (
        *("/policy", "/report", "/heartbeat", "/health", "/system/stats", "/system/audit"),
        *("/tasks", "/tasks/{task_id}", "/workers", "/workers/{worker_id}"),
        *("/api/events", "/api/events/{event_id}", "/api/live", "/api/state"),
        *("/api/summary", "/api/timeline", "/api/window", "/api/decisions", "/api/traces"),
        *("/api/decisions/{event_id}", "/api/traces/{trace_id}", "/api/agents", "/api/pulses"),
        *("/api/objectives", "/api/objectives/{objective_id}", "/api/parked", "/api/trends"),
        *("/api/questions", "/api/export", "/api/perfetto", "/metrics/summary"),
        *("/api/resources", "/api/chain", "/api/content"),
        *("/api/incidents", "/api/incidents/{incident_id}", "/api/capacity", "/api/indicators"),
    ),
    "delete": ("/tasks/{task_id}",),
}


def _references(found: Any) -> set[str]:
    if isinstance(found, dict):
        own = {found["$ref"]} if "$ref" in found else set()
        return own.union(*map(_references, found.values()))
    return set().union(*map(_references, found)) if isinstance(found, list) else set()


def test_it_is_openapi_with_every_route_and_every_error(door: Door) -> None:
    document = door.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    for method, paths in SURFACES.items():
        assert all(method in document["paths"][path] for path in paths)
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert all("application/problem+json" in str(each["responses"]) for each in operations)
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert _references(document) <= schemas
    for operation in operations:
        answers = [each for code, each in operation["responses"].items() if code.startswith("2")]
        for schema in re.findall(r"#/components/schemas/(\w+)", str(answers)):
            found = document["components"]["schemas"][schema]
            nested = schema in ("TaskRow", "KnownWorker", "OnRecord")
            assert nested or "as_of" in found["properties"], schema


def test_it_loads_nothing_from_elsewhere(door: Door) -> None:
    assert door.get("/docs").status == 404
    assert door.get("/redoc").status == 404
