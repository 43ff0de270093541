"""Parameters with continuations and character sets (RFC 2231)."""

from __future__ import annotations

import email
from email.policy import default

import pytest

from mailtutor.message.parameters import Parameter, parameters, value_of


def of(value: str) -> tuple[Parameter, ...]:
    raw = value.encode()
    return parameters(raw, 0, len(raw))


@pytest.mark.parametrize(
    "value",
    [
        "attachment; filename=plain.txt",
        'attachment; filename="two words.txt"; size=3',
        "attachment; filename*=utf-8'zh'%E8%8F%9C%E5%8D%95.txt",
        "attachment; filename*0=a; filename*1=b; filename*2=c",
        "attachment; filename*0*=iso-8859-1''%E9; filename*1=%E9; filename*2*=%E9",
        "attachment; filename*1=b; filename*0=a",
    ],
)
def test_the_standard_library_reads_the_same_name(value: str) -> None:
    other = email.message_from_string(f"Content-Disposition: {value}\n\n", policy=default)
    assert value_of(of(value), "filename") == other.get_filename()


def test_each_section_has_its_place() -> None:
    value = "x; name*0*=utf-8'fr'cr%C3%AA;\r\n name*1=\"pe\""
    (one,) = of(value)
    assert (one.name, one.value, one.charset, one.language, one.has_gap) == ("name", "crêpe", "utf-8", "fr", False)
    assert one.steps == ("joined", "percent", "charset")
    places = [value[one.start : one.end] for one in one.sections]
    assert places == ["name*0*=utf-8'fr'cr%C3%AA", 'name*1="pe"']
    assert [value[one.start : one.name_end] for one in one.sections] == ["name*0*", "name*1"]
    assert value[one.sections[1].value_at : one.sections[1].end] == '"pe"'


def test_a_missing_section_is_told() -> None:
    assert [one.has_gap for one in of("x; a*0=b; a*2=c; d*1=e; f=g")] == [True, True, False]


def test_the_extended_form_comes_before_the_plain_one() -> None:
    assert value_of(of("x; filename=menu.txt; filename*=utf-8''%C3%A9.txt"), "filename") == "é.txt"


def test_the_number_of_sections_is_bounded() -> None:
    assert len(of("x" + "; a=b" * 10_000)[0].sections) <= 500
