"""What does not fit a table somebody wrote is said in the language of the moment."""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal

import msgspec
import pytest

from mailtutor.errors import UsageError
from mailtutor.schema import misfit, no_toml
from mailtutor.spelling import spelled
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """What is written."""

    name: str
    size: Annotated[int, msgspec.Meta(ge=1)] = 1
    form: Literal["a", "b"] = "a"


@pytest.mark.parametrize(
    ("written", "english", "chinese"),
    [
        ({}, "Object missing required field `name`", "缺少必需的键 `name`"),
        ({"name": "x", "more": 1}, "Object contains unknown field `more`", "没有叫 `more` 的键"),
        ({"name": 1}, "Expected `str`, got `int`", "这里应当是 `str`，写的却是 `int`"),
        ({"name": "x", "size": 0}, "Expected `int` >= 1", "这里应当是 `int`（>= 1）"),
        ({"name": "x", "form": "c"}, "Invalid value 'c'", "值 'c' 不在可用之列"),
    ],
)
def test_what_does_not_fit_is_said_in_both_languages(written: object, english: str, chinese: str) -> None:
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.convert(written, Row)
    said = misfit(wrong.value)
    assert said == english
    assert tell(said, words("zh")) == chinese


def test_what_is_not_known_is_said_as_it_is() -> None:
    assert misfit(msgspec.ValidationError("Something else - at `$.a`")) == "Something else"


@pytest.mark.parametrize(
    ("typed", "chinese"),
    [
        ("speed 9999", "factor 的范围是 1 到 3600"),
        ("fault x on=maybe", "on 是 yes 或 no，不是 'maybe'"),
        ("send what", "'what' 不是 NAME=VALUE 的写法"),
        ("send subjekt=x", "没有叫 `subjekt` 的键"),
    ],
)
def test_an_act_that_is_typed_wrongly_is_answered_in_chinese(typed: str, chinese: str) -> None:
    with pytest.raises(UsageError) as wrong:
        spelled(typed)
    assert tell(wrong.value, words("zh")).endswith(chinese)


@pytest.mark.parametrize(
    ("written", "chinese"),
    [
        ("a = ", "等号后面不是值；文字要放在引号里"),
        ('a = "x\n', "这里不能有字符 '\\n'；也许少了结束的引号"),
        ("a 1", "键的后面要有 `=`"),
        ("a = 1\na = 2", "这个键已经有值了"),
    ],
)
def test_what_is_no_toml_is_said_in_chinese(written: str, chinese: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as wrong:
        tomllib.loads(written)
    assert tell(no_toml(str(wrong.value).partition(" (at ")[0]), words("zh")) == chinese
