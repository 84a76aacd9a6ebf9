"""What does the interface say of itself? As FastAPI has it, with the errors and the ways in as they
are."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from mission_control.api.admission import PUBLIC
from mission_control.api.problem import MEDIA_TYPE, ProblemDocument

_PROBLEM: Final = {
    "description": "It was not done as asked.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}
_UNUSED: Final = ("HTTPValidationError", "ValidationError")
"""What FastAPI would answer by itself."""


def describe_interface(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1, made once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        for path, operations in found["paths"].items():
            for method, operation in operations.items():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = _PROBLEM
                if "requestBody" in operation:  # JSON, be it {}: no form of another page sends it
                    operation["requestBody"]["required"] = True
                if (method.upper(), path) not in PUBLIC:
                    operation["security"] = [{"bearer": []}, {}]
        components = found.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in _UNUSED:
            schemas.pop(name, None)
        schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = found
    return app.openapi_schema
