"""A message as a list one can walk."""

from __future__ import annotations

from hypothesis import given

from mailtutor.message.anatomy import open_message
from mailtutor.reading.growth import seen, seen_told
from mailtutor.reading.outline import Outline
from mailtutor.reading.picture import read_picture
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import words
from tests.message.shelf import shelf
from tests.message.test_anatomy import mutated

SHELF = shelf()


def outline(name: str) -> Outline:
    return Outline(open_message(SHELF[name]), words("en"))


def drawn(of: Outline) -> list[str]:
    return [f"{item.lead}{item.text.split(' · ')[0]}" for item in of.items]


def open_all(of: Outline) -> None:
    """Opens whatever can be opened."""
    while shut := [item.id for item in of.items if item.is_open is False]:
        of.opened |= set(shut)
        of.build()


def test_parts_stand_between_their_delimiters_as_in_the_bytes() -> None:
    assert drawn(outline("attachment")) == [
        "0  multipart/mixed",
        "│ header fields",
        "│ envelope and header",
        "│ This line is for programs that know no MIME.",
        "│ --cut-here␍␊",
        "├─1  text/plain",
        "│ --cut-here␍␊",
        "└─2  image/png",
        "  --cut-here--␍␊",
        "  And nobody shows this one.␍␊",
    ]


def test_what_is_opened_is_in_the_list_and_what_is_closed_is_not() -> None:
    of = outline("utf8-base64")
    at = of.turn(of.place("0:bits"))
    assert of.items[at + 1].text.startswith("e4 bd a0 → 111001 001011 110110 100000")
    assert of.anatomy.raw[of.items[at + 1].start : of.items[at + 1].end] == b"5L2g"
    # From inside, what it stands in is closed.
    at = of.turn(at + 3)
    assert of.items[at].id == "0:bits"
    assert of.items[of.place("0:bits")].is_open is False
    assert of.turn(0) == 0
    assert len(of.items) == 1


def test_the_smallest_item_that_holds_an_octet_is_revealed() -> None:
    of = outline("nested")
    raw = of.anatomy.raw
    at = of.reveal(raw.index(b"ketchup,2.50"))
    assert (of.items[at].number, of.items[at].kind) == ("2", "section")
    of.turn(of.place("0:header"))
    at = of.reveal(raw.index(b"Parts in parts"))
    assert (of.items[at].kind, of.items[at].text) == ("field", "Subject: Parts in parts")


def test_one_goes_from_defect_to_defect_and_round() -> None:
    of = outline("odd-lines")
    found, at = [], 0
    for _ in range(5):
        found.append(of.next_defect(at))
        at = found[-1] or 0
    assert found[0] == found[4]
    assert [of.anatomy.raw[of.items[n].start : of.items[n].end][:1] for n in found[:3] if n] == [b"\0", b"\r", b"\n"]
    assert outline("plain").next_defect(0) is None


def test_a_report_a_path_and_an_envelope_have_their_lists() -> None:
    of = outline("dsn")
    of.opened |= {"2", "2:report"}
    of.build()
    assert any(item.text == "Action: failed" for item in of.items)
    of = outline("long-path")
    of.turn(of.place("0:path"))
    assert len([item for item in of.items if item.kind == "hop"]) == 4
    of = outline("spoofed-from")
    of.turn(of.place("0:beside"))
    assert len([item for item in of.items if item.kind == "suspicion"]) == 2


def test_a_page_has_the_parts_it_names() -> None:
    of = outline("related")
    of.turn(of.place("1"))
    of.turn(of.place("1:links"))
    (link,) = (item for item in of.items if item.kind == "piece")
    assert link.text == "cid:ketchup-15@crepes.fr – names part 2, image/png"


def test_another_language_keeps_what_is_open() -> None:
    of = outline("plain")
    of.turn(of.place("0:header"))
    before = [item.id for item in of.items]
    of.speak(words("zh"))
    assert [item.id for item in of.items] == before
    assert of.items[1].text == "首部字段"


def test_every_message_of_ours_opens_to_the_last_item() -> None:
    for name in SHELF:
        of = outline(name)
        open_all(of)
        assert len({item.id for item in of.items}) == len(of.items), name
        assert [item.text for item in of.items if "mime." in item.text] == []


@given(mutated())
def test_whatever_the_message_its_items_are_within_it_and_safe_to_show(raw: bytes) -> None:
    of = Outline(open_message(raw), words("en"), "alice@crepes.fr", ("bob@hamburger.edu",))
    open_all(of)
    for node in of.undecoded():
        of.give(node.number, read_picture(node))
    assert not of.undecoded()
    for item in of.items:
        assert 0 <= item.start <= item.end <= len(raw)
        said = (item.lead, item.text, item.told.title, item.told.what)
        assert [text for text in said if visible(text) != text] == []
    made = seen_told(seen(raw), words("zh"))
    assert visible(made) == made


def test_the_words_of_a_report_are_explained_one_by_one() -> None:
    for name, wanted in (
        ("dsn", ("It was not delivered, and will not be tried again.", "no such mailbox")),
        ("mdn", ("It was on a screen; nobody can say whether it was read.", "The reader did it.")),
    ):
        of = outline(name)
        open_all(of)
        pieces = [item for item in of.items if item.kind == "piece" and ":report:" in item.id]
        told = [item.text for item in pieces]
        for one in wanted:
            assert any(one in text for text in told), (name, one, told)
        for item in pieces:
            assert SHELF[name][item.start : item.end].decode() in item.text
