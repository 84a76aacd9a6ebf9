"""What does a file say that gives an objective its tasks, and on which line is it wrong?

YAML, or JSON: an object with `tasks`, or the list of them alone. `docs/reference/plan.schema.json`
is its JSON Schema, for editors that complete and check while one writes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nervous_system.errors import BadSetting
from nervous_system.json_object import json_object
from nervous_system.yaml_text import YamlRefused, YamlText
from operations.actions.given_json import expected_token
from overseer.kernel.manifest_check import MAX_ID_CHARACTERS
from overseer.kernel.submission import MAX_PROPOSED
from overseer.kernel.task import HIGHEST_PRIORITY
from overseer.plan import MAX_PLAN_BYTES, PlanStep

MAX_PROBLEMS: Final = 20

Place = tuple[int | str, ...]


class PlanDocument(BaseModel):
    """An objective with its tasks."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, title="The tasks of a Ganglion objective"
    )

    tasks: tuple[PlanStep, ...] = Field(min_length=1, max_length=MAX_PROPOSED)
    description: str = Field("", description="What is to be achieved.")
    id: str = Field(
        "", max_length=MAX_ID_CHARACTERS, description="The objective's; else a new one."
    )
    priority: int = Field(5, ge=0, le=HIGHEST_PRIORITY, description="Higher first.")


class PlanFile:
    """A file that was read; `plan` is what it says, `tasks` its tasks as they stand there."""

    def __init__(self, text: str, *, where: str) -> None:
        """Raises BadSetting with the line of everything that is wrong."""
        self._where = where
        self._text = text.removeprefix("\ufeff")
        self._is_json = self._text.lstrip()[:1] in ("{", "[")
        if len(self._text) > MAX_PLAN_BYTES:
            raise self._wrong((), f"it has more than {MAX_PLAN_BYTES:,} characters")
        self._read: YamlText | None = None
        found = self._load()
        self._is_list = isinstance(found, list)
        document = {"tasks": found} if self._is_list else found
        if not isinstance(document, dict):
            raise self._wrong((), "it has to be an object with `tasks`, or the list of them")
        odd = [self._at(*each) for each in _no_json((), found)]
        if odd:
            raise BadSetting("; ".join(odd[:MAX_PROBLEMS]))
        try:
            self.plan = PlanDocument.model_validate(document)
        except ValidationError as error:
            found_wrong = error.errors()
            # What is wrong in a step leaves that step out, and the list is too short then.
            in_steps = any(len(each["loc"]) > 1 for each in found_wrong)
            problems = [
                self._at(_place(each), each["msg"])
                for each in found_wrong
                if not (in_steps and each["type"] == "too_short" and len(each["loc"]) == 1)
            ]
            raise BadSetting("; ".join(problems[:MAX_PROBLEMS])) from error
        self.tasks: list[Mapping[str, Any]] = document["tasks"]

    @classmethod
    def at(cls, path: str) -> PlanFile:
        """The file; `-` is stdin. Raises BadSetting."""
        try:
            if path == "-":
                return cls(sys.stdin.read(), where="stdin")
            return cls(Path(path).read_text(encoding="utf-8"), where=path)
        except (OSError, UnicodeError) as error:
            # Of the system's error only its words: the number tells nobody anything.
            words = error.strerror if isinstance(error, OSError) else None
            raise BadSetting(f"{path} cannot be read: {words or error}") from error

    def with_place(self, reason: str, *, objective_id: str) -> str:
        """A reason of the overseer's, behind the line of the task that it is about."""
        for number, step in enumerate(self.plan.tasks):
            if reason.startswith(f"{objective_id}.{step.id or number + 1}: "):
                return self._at(("tasks", number), reason)
        return reason

    def _load(self) -> Any:
        try:
            if self._is_json:
                # JSON's own escapes are not all YAML's; the same text as YAML tells the lines.
                return json_object(f'{{"": {self._text}\n}}', once=True)[""]
            self._read = YamlText(self._text)
            return self._read.found
        except YamlRefused as error:
            line = f":{error.line}" if error.line else ""
            raise BadSetting(f"{self._where}{line}: {error}") from error
        except ValueError as error:
            wrong = error.__cause__
            if not isinstance(wrong, json.JSONDecodeError):
                raise BadSetting(f"{self._where}: it {error}") from error
            raise BadSetting(
                f"{self._where}:{wrong.lineno}: it is not JSON: {expected_token(wrong)}"
            ) from error

    def _at(self, place: Place, problem: str) -> str:
        name = ".".join(map(str, place))
        return str(self._wrong(place, f"{name}: {problem}" if name else problem))

    def _wrong(self, place: Place, problem: str) -> BadSetting:
        return BadSetting(f"{self._where}{self._line(place)}: {problem}")

    def _line(self, place: Place) -> str:
        if self._read is None and self._is_json:
            try:
                self._read = YamlText(self._text.replace("\t", " "))
            except YamlRefused:
                return ""
        if self._read is None:
            return ""
        return f":{self._read.line(place[1:] if self._is_list else place)}"


def _place(error: Mapping[str, Any]) -> Place:
    return tuple(error["loc"])


def _no_json(place: Place, found: Any) -> Iterator[tuple[Place, str]]:
    """What YAML can say and JSON cannot."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            if isinstance(key, str):
                yield from _no_json((*place, key), value)
            else:
                yield (
                    (*place, str(key)),
                    f"a name is read as a {type(key).__name__}: write it in quotes",
                )
    elif isinstance(found, Sequence) and not isinstance(found, str | bytes):
        for number, value in enumerate(found):
            yield from _no_json((*place, number), value)
    elif isinstance(found, float):
        try:
            json.dumps(found, allow_nan=False)
        except ValueError:
            yield place, f"{found} is no number that can be recorded"
    elif not isinstance(found, str | int | None):
        kind = type(found).__name__
        yield place, f"it is read as a {kind}, which is no JSON: write it in quotes"
