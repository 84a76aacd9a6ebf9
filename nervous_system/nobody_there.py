"""What is said to whoever finds nobody at the address of the log: what chose it, and what to do."""

from __future__ import annotations

from typing import Final

from nervous_system.environment import read_settings
from nervous_system.errors import BadSetting
from nervous_system.place import rule_in_force
from nervous_system.settings import MeshSettings
from nervous_system.users import address_of

REMEDY: Final = (
    "start one with `ganglion up`, or say where one runs: GANGLION_HOME=/path/to/.ganglion,"
    " `ganglion contexts use NAME`, or NATS_URL with what `ganglion keys new` prints"
)


def nobody_there(nats_url: str) -> str:
    """To stand after "no NATS server answers at …"."""
    return "; ".join(filter(None, (_chosen(nats_url), REMEDY)))


def _chosen(nats_url: str) -> str:
    """Empty where it is not what the environment leads to: then the program itself said it."""
    try:
        rule, meant = rule_in_force(), read_settings(MeshSettings)
        if address_of(meant) != nats_url:
            return ""
        if "nats_url" in meant.model_fields_set:
            return f"that address was chosen by: {rule.by}"
        if "home" in meant.model_fields_set or meant.home.is_dir():
            return f"no mesh runs in {meant.home}, which was chosen by: {rule.by}"
    except (BadSetting, OSError):  # whatever it is, it did not lead here
        return ""
    return f"nothing said which mesh is meant, and there is no {meant.home}, nor one above"
