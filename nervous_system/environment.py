"""What do the environment and `.env` say, and what is said of what cannot be used?

Every class of settings is an `Environment`, read by `read_settings`, once, in wiring.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, TypeVar

from pydantic import AliasChoices, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)

from nervous_system.errors import BadSetting
from nervous_system.place import decide, without_place
from nervous_system.shown_address import MASK, display_address

Settings = TypeVar("Settings", bound=BaseSettings)

SECRET: Final = "for nobody's eyes"
"""Marks a setting whose value proves who one is: it is never shown."""


class Environment(BaseSettings):
    """Settings that the environment gives. An empty text, or blanks, give nothing: shells and
    Compose files leave variables empty that nobody set."""

    of_a_place: ClassVar[bool] = False
    """Whether they are of the mesh that is meant, so that its context gives them, too."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """As pydantic has them, without what is empty; of a context after them."""
        assert isinstance(env_settings, EnvSettingsSource)
        assert isinstance(dotenv_settings, EnvSettingsSource)
        for source in (env_settings, dotenv_settings):
            source.env_vars = {
                name: value for name, value in source.env_vars.items() if value and value.strip()
            }
        if not cls.of_a_place:
            return init_settings, env_settings, dotenv_settings, file_secret_settings
        contexts = EnvSettingsSource(settings_cls)
        rule = decide(
            env_settings.env_vars,
            dotenv_settings.env_vars,
            given=not {"home", "nats_url", "NATS_URL"}.isdisjoint(init_settings()),
        )
        contexts.env_vars = {name.lower(): value for name, value in rule.variables.items()}
        if rule.over_dotenv:
            dotenv_settings.env_vars = without_place(dotenv_settings.env_vars)
        return init_settings, env_settings, dotenv_settings, contexts, file_secret_settings


def read_settings(settings_class: type[Settings], **given: Any) -> Settings:
    """The settings: what is given, else what the environment, `.env` and the context say (see
    `place.py`). Raises BadSetting, naming the variable."""
    try:
        return settings_class(**given)
    except ValidationError as error:
        raise BadSetting(_sentence(settings_class, error)) from None  # it has the value as it is
    except SettingsError as error:  # a list, or a mapping, that is no JSON
        field = str(error).partition('"')[2].partition('"')[0]
        variable = variable_of(settings_class, field) if field else settings_class.__name__
        raise BadSetting(
            f"{variable} is no JSON; correct it in the environment or in .env, such as"
            ' ["one", "two"] or {"one": 1}'
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f".env of this folder cannot be read ({error}); mend or move it") from None


def variable_of(settings_class: type[BaseSettings], name: str) -> str:
    """The variable of a field; where it has several, the first."""
    alias = settings_class.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    if isinstance(alias, str):
        return alias
    return f"{settings_class.model_config.get('env_prefix', '')}{name}".upper()


def variables_of(settings_class: type[BaseSettings]) -> set[str]:
    """All variables that are read for this class."""
    found = set()
    for name, field in settings_class.model_fields.items():
        found |= {each.upper() for each in _names_of(field, name) if each != name}
        found.add(variable_of(settings_class, name))
    return found


def is_secret(field: FieldInfo) -> bool:
    """Whether the value of this setting is for nobody's eyes: that is said where it is declared."""
    return SECRET in field.metadata


def _sentence(settings_class: type[BaseSettings], error: ValidationError) -> str:
    first = error.errors()[0]
    given = str(first["loc"][0]) if first["loc"] else settings_class.__name__
    fields = settings_class.model_fields
    name = next((each for each in fields if given in _names_of(fields[each], each)), given)
    secret = name in fields and is_secret(fields[name])
    prefix = settings_class.model_config.get("env_prefix", "")
    variable = given if given.isupper() else f"{prefix}{given}".upper()
    return (
        f"{variable} is {_display(first['input'], secret=secret)}, and that cannot be used:"
        f" {first['msg']}; correct it in the environment or in .env"
    )


def _names_of(field: FieldInfo, name: str) -> set[str]:
    """What pydantic may call it in an error."""
    alias = field.validation_alias
    return {name, *(map(str, alias.choices) if isinstance(alias, AliasChoices) else ())}


def _display(value: object, *, secret: bool) -> str:
    if secret:
        return MASK
    return repr(display_address(value) if isinstance(value, str) else value)
