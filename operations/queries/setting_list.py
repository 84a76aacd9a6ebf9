"""Which settings are there, and what is in force? Read from the settings classes themselves."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic_settings import BaseSettings

from local_mesh.addresses import client_settings, running_mesh
from local_mesh.home import Home
from nervous_system.environment import is_secret, read_settings, variable_of, variables_of
from nervous_system.settings import MeshSettings
from nervous_system.shown_address import MASK, display_address

MODULES: Final = (
    "nervous_system.settings",
    "local_mesh.settings",
    "embedded_clickhouse.settings",
    "embedded_clickhouse.limits",
    "ingestor.settings",
    "governor.settings",
    "guardian.settings",
    "overseer.settings",
    "builtin_worker.settings",
    "mission_control.settings",
)
"""Where the settings classes are; a test looks for those that are missing here."""

_ADDRESSES: Final = ("URL", "ENDPOINT")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One variable."""

    variable: str
    value: Any  # in force; what proves who one is is masked
    default: Any
    given: bool  # by the environment or `.env`
    description: str
    comes_from: str = ""  # who decided on a value that nobody gave and that is no default


def list_settings() -> list[SettingRow]:
    """Every setting of every class, each variable once.

    Raises BadSetting for a value that cannot be used.
    """
    rows: dict[str, SettingRow] = {}
    decided = _values_in_force()
    for settings_class in _classes():
        settings = read_settings(settings_class)
        for name, field in settings_class.model_fields.items():
            variable = variable_of(settings_class, name)
            value, comes_from = decided.get(variable, (getattr(settings, name), ""))
            rows.setdefault(
                variable,
                SettingRow(
                    variable=variable,
                    value=_plain(value, variable=variable, secret=is_secret(field)),
                    default=_plain(
                        field.get_default(call_default_factory=True),
                        variable=variable,
                        secret=is_secret(field),
                    ),
                    given=name in settings.model_fields_set and variable not in decided,
                    description=field.description or "",
                    comes_from=comes_from,
                ),
            )
    return sorted(rows.values(), key=lambda row: row.variable)


def all_variables() -> set[str]:
    """Every variable that some class reads."""
    return {variable for each in _classes() for variable in variables_of(each)}


def _values_in_force() -> dict[str, tuple[Any, str]]:
    """Values that are in force whatever the classes say, and where each comes from."""
    settings, used = read_settings(MeshSettings), client_settings()
    home = Home.at(settings.home)
    runs = running_mesh(home) is not None
    mesh = f"the mesh that runs in {home.path}" if runs else "the ports that `ganglion up` takes"
    decided: dict[str, tuple[Any, str]] = {
        "GANGLION_CLICKHOUSE_PATH": (home.clickhouse_store, "`ganglion up`")
    }
    if "nats_url" not in settings.model_fields_set:
        decided["NATS_URL"] = (used.nats_url, mesh)
    if "clickhouse_url" not in settings.model_fields_set:
        nobody = "none: NATS_URL leads to a mesh elsewhere, and nobody said where its tables are"
        decided["CLICKHOUSE_URL"] = (used.clickhouse_url, mesh if used.clickhouse_url else nobody)
    return decided


def _classes() -> Iterator[type[BaseSettings]]:
    for name in MODULES:
        module = importlib.import_module(name)
        for each in vars(module).values():
            if (
                isinstance(each, type)
                and issubclass(each, BaseSettings)
                and each.__module__ == name
            ):
                yield each


def _plain(value: Any, *, variable: str, secret: bool) -> Any:
    """The value as JSON can hold it, without secrets."""
    if value is None:
        return None
    if secret:
        return MASK if str(value) else ""
    if isinstance(value, bool | int | float):
        return value
    try:
        json.dumps(value)
    except TypeError:
        value = str(value)
    return _without_secrets(value, is_address=variable.endswith(_ADDRESSES))


def _without_secrets(value: Any, *, is_address: bool) -> Any:
    if isinstance(value, dict):
        return {name: _without_secrets(each, is_address=is_address) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(each, is_address=is_address) for each in value]
    if isinstance(value, str) and (is_address or "://" in value):
        return display_address(value, instead=f"{MASK}@")
    return value
