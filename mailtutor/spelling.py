"""Acts as a student types them: `send to=carol@hamburger.edu subject="Two words"`, `fault hamburger.edu:busy on=no`."""

from __future__ import annotations

import shlex
from types import MappingProxyType

import msgspec

from mailtutor.acts import ACTS, NAMES, SHORT, AnyAct, Attached, named
from mailtutor.errors import Sentence, UsageError
from mailtutor.schema import misfit

_TRUE, _FALSE = ("yes", "true", "on"), ("no", "false", "off")
# Where the name may be left out of what is said first.
_FIRST = MappingProxyType({"fault": "what", "speed": "factor", "jump": "by", "grow": "stage", "flush": "host"})


def spelled(text: str) -> AnyAct:
    """An act as a student types it: `send to=carol@hamburger.edu subject="Two words"`, `fault hamburger.edu:busy
    on=no`. Raises UsageError."""
    try:
        first, *rest = shlex.split(text)
        if not rest:
            return named(first)
        kind = ACTS[first]
        given: dict[str, object] = {"act": first}
        for at, word in enumerate(rest):
            name, sign, value = word.partition("=")
            if not at and first in _FIRST and name not in kind.__struct_fields__:
                name, value = _FIRST[first], word
            elif not sign:
                raise ValueError(Sentence("{word!r} is not NAME=VALUE", "error.schema.name_value", word=word))
            given[name] = _value(kind, name, value)
        return msgspec.convert(given, kind, strict=False)
    except KeyError as unknown:
        raise UsageError(
            "no act {name}; there are {names}", "error.act.unknown", name=unknown.args[0], names=", ".join(NAMES)
        ) from unknown
    except (ValueError, msgspec.ValidationError) as wrong:
        raise UsageError("{what}: {why}", "error.act.spelling", what=text, why=misfit(wrong)) from wrong


def spelling(act: AnyAct) -> str:
    """The act as a student would type it; `spelled` reads it."""
    short = next((name for name, one in SHORT.items() if one == act), "")
    if short:
        return short
    name = str(act.__struct_config__.tag)
    said = [name]
    defaults = _defaults(type(act))
    for field in act.__struct_fields__:
        value = getattr(act, field)
        if field in defaults and value == defaults[field]:
            continue
        text = _text(value)
        said.append(text if _FIRST.get(name) == field else f"{field}={text}")
    return " ".join(said)


def _value(kind: type[AnyAct], name: str, value: str) -> object:
    default = _defaults(kind).get(name, "")
    if isinstance(default, bool):
        if value.casefold() not in (*_TRUE, *_FALSE):
            raise ValueError(Sentence("{name} is yes or no, not {value!r}", "error.schema.yes", name=name, value=value))
        return value.casefold() in _TRUE
    if name == "attach":
        return [{"name": one} for one in value.split(",")]
    if name == "lines":
        return value.split("|")
    return value.split(",") if isinstance(default, tuple) else value.replace("\\n", "\n")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        words = [one.name if isinstance(one, Attached) else str(one) for one in value]
        return shlex.quote(("|" if any(" " in word for word in words) else ",").join(words))
    return shlex.quote(str(value).replace("\n", "\\n"))


def _defaults(kind: type[AnyAct]) -> dict[str, object]:
    fields = msgspec.structs.fields(kind)
    return {field.name: field.default for field in fields if field.default is not msgspec.NODEFAULT}
