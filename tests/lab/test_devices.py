"""bob's phone (IMAP, with a cache) and laptop (POP3) beside a server that changes: they end where the server is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailtutor.errors import MailtutorError, NetworkError, StoreError
from mailtutor.lab.acts import Acts
from mailtutor.lab.agents import pop3
from mailtutor.lab.agents.cache import Cache, Letter, Part, leaves
from mailtutor.lab.agents.devices import MOST_TOLD
from mailtutor.lab.agents.imap import Visit, visiting
from mailtutor.lab.agents.offline import Device
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB, SeedMail
from mailtutor.message.compose import Attachment, compose
from mailtutor.protocols.imap import table
from mailtutor.protocols.lines import Source
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.reading.devices import Sign, compared
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.world import World
from mailtutor.store import mailboxes
from mailtutor.trace.codec import decode, encode
from mailtutor.trace.events import DeviceSynced
from tests.conftest import StartLab

ONE, TWO, THREE = (b"From: alice@crepes.fr\r\nSubject: %b\r\n\r\nhi\r\n" % name for name in (b"one", b"two", b"three"))
SEED = (SeedMail(BOB.address, ONE), SeedMail(BOB.address, TWO))
# What the server offers, from all to nothing that helps.
LEFT_OUT = {
    "qresync": frozenset[str](),
    "condstore": frozenset({"QRESYNC"}),
    "neither": frozenset({"QRESYNC", "CONDSTORE", "MOVE"}),
}


@pytest.fixture(params=LEFT_OUT)
def offers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How much the server tells of what has changed."""
    kept = tuple(name for name in table.OFFERED if name not in LEFT_OUT[request.param])
    monkeypatch.setattr(table, "OFFERED", kept)
    return str(request.param)


def act(lab: Lab, *doings: str) -> str:
    """bob does these things; what is said of the last."""
    return [str(Acts(lab).act(doing).result(20)) for doing in doings][-1]


def elsewhere(lab: Lab, *commands: str) -> None:
    """Another client of bob's says these commands, INBOX selected."""

    async def say() -> None:
        async with visiting(lab.directory, BOB) as visit:
            await visit.ask(visit.client.select("INBOX"))
            for command in commands:
                verb, _, rest = command.partition(" ")
                await visit.attempt(visit.client._command(verb, *([rest.encode()] if rest else [])))

    lab.submit(say()).result(20)


def arrives(lab: Lab, content: bytes = THREE) -> None:
    """A message is in bob's INBOX."""
    delivery = lab.hosts[BOB.domain].delivery

    def put(db: sqlite3.Connection) -> int:
        return mailboxes.deliver(db, BOB.domain, BOB.name, content, 1.0, 1.0)

    delivery.database.write(put).result()


def on_server(lab: Lab) -> dict[int, frozenset[str]]:
    """UID → flags of INBOX."""

    def read(db: sqlite3.Connection) -> dict[int, frozenset[str]]:
        box = mailboxes.find(db, BOB.domain, BOB.name, "INBOX")
        assert box is not None
        return {one.uid: frozenset(one.flags) for one in mailboxes.messages(db, box.id)}

    return lab.hosts[BOB.domain].delivery.database.read(read)


def cache(lab: Lab) -> Cache:
    """What the phone has on its disk."""
    return Device(lab.folder, "phone").cache(BOB)


def on_phone(lab: Lab) -> dict[int, frozenset[str]]:
    """UID → flags."""
    return {uid: letter.flags for uid, letter in cache(lab).letters.items()}


def said(lab: Lab) -> list[str]:
    """The client's lines of the last session, without their tags."""
    rows = [row for row in dialogue_of(lab.log).rows if row.line.source is Source.CLIENT]
    return [row.line.raw.decode().strip().partition(" ")[2] for row in rows if row.conn == rows[-1].conn]


def told(lab: Lab) -> DeviceSynced:
    """What the trace heard last of a device."""
    return [event for event in lab.log if isinstance(event, DeviceSynced)][-1]


# The phone ----------------------------------------------------------------------------------------------------------


def test_headers_come_first_and_later_only_what_has_changed(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    assert act(lab, "phone-sync") == "phone: 2 new, 0 changed, 0 gone, 0 sent up"
    assert [letter.holds for letter in cache(lab).letters.values()] == ["headers", "headers"]
    assert [letter.subject for letter in cache(lab).letters.values()] == ["one", "two"]
    elsewhere(lab, "STORE 1 +FLAGS (\\Flagged)")
    arrives(lab)
    assert act(lab, "phone-sync") == "phone: 1 new, 1 changed, 0 gone, 0 sent up"
    selected = next(line for line in said(lab) if line.startswith("SELECT"))
    assert selected.startswith("SELECT INBOX (QRESYNC (")
    assert selected.endswith(" 1:2))")
    assert next(line for line in said(lab) if "FETCH" in line).startswith("UID FETCH 3:* ")
    assert on_phone(lab) == on_server(lab)


def test_whatever_the_server_tells_of_changes_the_phone_ends_the_same(start_lab: StartLab, offers: str) -> None:
    lab = start_lab(seed=(*SEED, SeedMail(BOB.address, THREE)))
    act(lab, "phone-sync")
    elsewhere(lab, "STORE 1 +FLAGS (\\Flagged)", "STORE 2 +FLAGS (\\Deleted)", "EXPUNGE")
    arrives(lab)
    assert act(lab, "phone-sync") == "phone: 1 new, 1 changed, 1 gone, 0 sent up"
    assert on_phone(lab) == on_server(lab) == {1: {"\\Flagged"}, 3: frozenset(), 4: frozenset()}
    act(lab, "phone-archive", "phone-mark")
    assert act(lab, "phone-sync") == "phone: 0 new, 0 changed, 0 gone, 3 sent up"
    assert on_phone(lab) == on_server(lab) == {1: {"\\Flagged", "\\Seen"}, 3: {"\\Seen"}}
    assert cache(lab).wishes == []
    elsewhere(lab, "STORE 1:* +FLAGS (\\Deleted)", "EXPUNGE")
    assert act(lab, "phone-sync") == "phone: 0 new, 0 changed, 2 gone, 0 sent up"
    assert on_phone(lab) == {}


def test_the_textbooks_server_serves_the_phone_too(start_lab: StartLab) -> None:
    lab = start_lab(classic=True, seed=SEED)
    act(lab, "phone-sync", "phone-delete", "phone-sync")
    assert on_phone(lab) == on_server(lab) == {1: frozenset()}


def test_what_is_done_offline_crosses_no_wire_until_the_next_visit(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    act(lab, "phone-sync")
    before = len(dialogue_of(lab.log).rows)
    assert act(lab, "phone-mark").startswith("phone: 2 changed on it alone")
    assert len(dialogue_of(lab.log).rows) == before
    assert on_server(lab) == {1: frozenset(), 2: frozenset()}
    assert [mail.pending for mail in told(lab).mails] == [("+\\Seen",), ("+\\Seen",)]
    assert act(lab, "phone-mark") == "phone: all of that is done already"
    act(lab, "phone-sync")
    assert on_server(lab) == {1: {"\\Seen"}, 2: {"\\Seen"}}
    assert any("(UNCHANGEDSINCE " in line for line in said(lab))


def test_what_was_changed_elsewhere_is_not_deleted_by_the_phone_but_its_flags_are_joined(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    act(lab, "phone-sync", "phone-mark", "phone-delete")
    elsewhere(lab, "STORE 1:2 +FLAGS (\\Flagged)")
    assert act(lab, "phone-sync").endswith("1 sent up; 1 not deleted, for they were changed elsewhere meanwhile")
    assert on_phone(lab) == on_server(lab) == {1: {"\\Flagged", "\\Seen"}, 2: {"\\Flagged"}}


def meanwhile(lab: Lab, monkeypatch: pytest.MonkeyPatch, before: bytes, *commands: str) -> None:
    """Just before the phone says a command with these octets in it, another client of bob's says these."""
    attempt = Visit.attempt

    async def late(visit: Visit, command: bytes) -> object:
        if before in command:
            monkeypatch.setattr(Visit, "attempt", attempt)
            async with visiting(lab.directory, BOB) as other:
                for line in ("SELECT INBOX", *commands):
                    verb, _, rest = line.partition(" ")
                    await other.ask(other.client._command(verb, *([rest.encode()] if rest else [])))
        return await attempt(visit, command)

    monkeypatch.setattr(Visit, "attempt", late)


def test_a_change_that_comes_between_is_fetched_and_ours_made_after_it(
    start_lab: StartLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = start_lab(seed=SEED[:1])
    act(lab, "phone-sync", "phone-mark")
    meanwhile(lab, monkeypatch, b"UNCHANGEDSINCE", "STORE 1 +FLAGS (\\Flagged)")
    assert act(lab, "phone-sync").endswith("1 sent up")
    assert on_phone(lab) == on_server(lab) == {1: {"\\Flagged", "\\Seen"}}


@pytest.mark.parametrize(("doing", "said"), [("phone-archive", b"MOVE"), ("phone-delete", b"STORE")])
def test_a_message_expunged_at_the_last_moment_is_gone_and_no_error(
    start_lab: StartLab, monkeypatch: pytest.MonkeyPatch, doing: str, said: bytes
) -> None:
    lab = start_lab(seed=SEED)
    act(lab, "phone-sync", doing)
    meanwhile(lab, monkeypatch, said, "STORE 2 +FLAGS (\\Deleted)", "EXPUNGE")
    act(lab, "phone-sync")
    assert on_phone(lab) == on_server(lab) == {1: frozenset()}
    assert cache(lab).wishes == []


def test_what_is_gone_elsewhere_takes_its_wishes_along(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    act(lab, "phone-sync", "phone-mark", "phone-archive")
    elsewhere(lab, "STORE 2 +FLAGS (\\Deleted)", "EXPUNGE")
    assert act(lab, "phone-sync") == "phone: 0 new, 0 changed, 1 gone, 1 sent up"
    assert on_phone(lab) == on_server(lab) == {1: {"\\Seen"}}


def test_another_uidvalidity_throws_the_cache_away(start_lab: StartLab, tmp_path: Path) -> None:
    lab = start_lab(seed=SEED, data=tmp_path / "data")
    act(lab, "phone-open", "phone-mark")
    lab.hosts[BOB.domain].delivery.database.write(
        lambda db: db.execute("UPDATE mailbox SET uid_validity = uid_validity + 1 WHERE name = 'INBOX'") and None
    ).result()
    lab.stop()
    lab = start_lab(data=tmp_path / "data")
    assert [letter.holds for letter in cache(lab).letters.values()] == ["headers", "whole"]
    assert "UIDVALIDITY is another one" in act(lab, "phone-sync")
    assert told(lab).forgot
    assert [letter.holds for letter in cache(lab).letters.values()] == ["headers", "headers"]
    assert cache(lab).wishes == []
    assert on_phone(lab) == on_server(lab)


@pytest.mark.slow
def test_a_visit_cut_after_any_command_is_made_good_by_the_next(
    start_lab: StartLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = start_lab(seed=(*SEED, SeedMail(BOB.address, THREE)))
    attempt, left = Visit.attempt, [0]

    async def cut(visit: Visit, command: bytes) -> object:
        left[0] -= 1
        if not left[0]:
            await visit._talk.stream.write(command)
            visit._talk.stream.abort()
        return await attempt(visit, command)

    monkeypatch.setattr(Visit, "attempt", cut)
    act(lab, "phone-sync")
    for commands in range(1, 20):
        arrives(lab)
        act(lab, "phone-mark", "phone-archive")
        left[0] = commands
        is_whole = False
        try:
            act(lab, "phone-sync")
            is_whole = True
        except NetworkError:
            assert told(lab).step == "broken"
            act(lab, "phone-sync")
        assert on_phone(lab) == on_server(lab)
        assert cache(lab).wishes == []
        if is_whole:
            break
    assert commands > len(["LOGIN", "CAPABILITY", "ENABLE", "SELECT", "FETCH", "MOVE", "LOGOUT"])


def test_parts_come_on_demand_the_text_first_the_file_only_when_asked(start_lab: StartLab) -> None:
    content = compose(
        sender="alice@crepes.fr", recipients=[BOB.address], subject="Bild 图", body="look\n", at=1.0, message_id="x@y",
        attachments=[Attachment("ketchup.bin", bytes(range(256)) * 40)],
    )  # fmt: skip
    lab = start_lab(seed=[SeedMail(BOB.address, content)])
    answer = act(lab, "phone-open")
    assert "of “Bild 图” fetched" in answer
    assert any(line.endswith("BODY[1]") for line in said(lab))
    letter = cache(lab).letters[1]
    assert (letter.holds, list(letter.bodies)) == ("text", ["1"])
    assert letter.flags == {"\\Seen"}
    assert letter.parts[1].name == "ketchup.bin"
    act(lab, "phone-attachment")
    assert any(line.endswith("BODY.PEEK[2]") for line in said(lab))
    assert cache(lab).letters[1].holds == "whole"
    assert act(lab, "phone-open") == act(lab, "phone-attachment") == "phone: it has all of every message on it"


@pytest.mark.parametrize("tls", [Tls.OFFERED, Tls.REQUIRED])
def test_inside_tls_the_phone_proves_its_password_without_saying_it(start_lab: StartLab, tls: Tls) -> None:
    lab = start_lab(seed=SEED)
    object.__setattr__(lab.plan, "tls", tls)
    act(lab, "phone-sync")
    (way,) = dialogue_of(lab.log).connections.values()
    assert way.tls == "TLSv1.3"
    assert said(lab)[0] == "STARTTLS"
    assert any(line.startswith("AUTHENTICATE SCRAM-SHA-256") for line in said(lab))
    assert not any("pickles" in line or line.startswith("LOGIN") for line in said(lab))
    lab.submit(lab.set_fault(BOB.domain, "no-tls", on=True)).result()
    if tls is Tls.REQUIRED:
        with pytest.raises(MailtutorError, match="STARTTLS"):
            act(lab, "phone-sync")
    else:
        assert act(lab, "phone-sync").startswith("phone: 0 new")


def test_a_device_that_is_talking_does_nothing_else(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    with Device(lab.folder, "phone").memory.claimed(BOB, "imap"):
        for doing in ("phone-sync", "phone-mark"):
            with pytest.raises(MailtutorError, match="the phone is still talking"):
                act(lab, doing)
    act(lab, "phone-sync")


def test_a_damaged_memory_is_said_and_left_as_it_is(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    act(lab, "phone-sync")
    (file,) = (lab.folder / "devices" / "phone").iterdir()
    for broken in (b'{"letters":', b"\xff", b'{"modseq":"x"}'):
        file.write_bytes(broken)
        with pytest.raises(StoreError, match="move it away"):
            act(lab, "phone-sync")
        assert file.read_bytes() == broken
    file.unlink()
    assert act(lab, "phone-sync").startswith("phone: 2 new")


OPERATIONS: dict[str, Callable[[Lab], object]] = {
    "new": arrives,
    "flagged": lambda lab: elsewhere(lab, "STORE 1 +FLAGS (\\Flagged)", "STORE * +FLAGS (work)"),
    "unread": lambda lab: elsewhere(lab, "STORE 1:* -FLAGS (\\Seen \\Flagged)"),
    "expunged": lambda lab: elsewhere(lab, "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE"),
    "moved": lambda lab: elsewhere(lab, "CREATE Away", "MOVE * Away"),
    **{doing: lambda lab, doing=doing: act(lab, doing) for doing in (  # type: ignore[misc]
        "phone-sync", "phone-open", "phone-mark", "phone-delete", "phone-archive",
    )},
}  # fmt: skip


@pytest.fixture
def same_lab(start_lab: StartLab, offers: str) -> SimpleNamespace:
    """One lab for many examples."""
    return SimpleNamespace(lab=start_lab(seed=SEED))


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=st.lists(st.sampled_from(sorted(OPERATIONS)), max_size=12))
def test_after_any_changes_on_both_sides_a_visit_brings_them_into_step(
    same_lab: SimpleNamespace, operations: list[str]
) -> None:
    lab = same_lab.lab
    for name in operations:
        OPERATIONS[name](lab)
    act(lab, "phone-sync")
    assert cache(lab).wishes == []
    assert on_phone(lab) == on_server(lab)


# The laptop, and both -----------------------------------------------------------------------------------------------


def test_the_laptop_keeps_what_it_fetched_whatever_becomes_of_the_servers(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)
    assert act(lab, "laptop-pop3") == "laptop: 2 fetched by POP3, 2 on it, nothing removed from the server"
    arrives(lab)
    assert act(lab, "laptop-pop3-delete") == "laptop: 1 fetched by POP3, 3 on it, none left on the server"
    assert on_server(lab) == {}
    shelf = pop3.Device(lab.folder, "laptop").shelf(BOB)
    assert [held.content for held in shelf.held.values()] == [ONE, TWO, THREE]
    assert [mail.subject for mail in told(lab).mails] == ["one", "two", "three"]


def test_the_view_tells_what_each_has_against_the_server(start_lab: StartLab) -> None:
    lab = start_lab(seed=SEED)

    def signs() -> dict[int, list[Sign]]:
        world = World()
        world.take(decode(encode(event)) for event in lab.log)
        (shared,) = compared(world)
        return {line.uid: [cell.sign for cell in line.cells.values()] for line in shared.lines}

    act(lab, "laptop-pop3")
    assert signs() == {2: [Sign.SAME, Sign.NEW], 1: [Sign.SAME, Sign.NEW]}
    act(lab, "phone-sync", "phone-delete")
    elsewhere(lab, "STORE 1 +FLAGS (\\Flagged)")
    assert signs() == {2: [Sign.SAME, Sign.PENDING], 1: [Sign.SAME, Sign.FLAGS]}
    act(lab, "phone-sync")
    assert signs() == {2: [Sign.GONE, Sign.NOTHING], 1: [Sign.SAME, Sign.SAME]}
    act(lab, "laptop-pop3-delete")
    assert signs() == {2: [Sign.GONE, Sign.NOTHING], 1: [Sign.GONE, Sign.GONE]}
    act(lab, "phone-sync")
    assert signs() == {2: [Sign.GONE, Sign.NOTHING], 1: [Sign.GONE, Sign.NOTHING]}


def test_the_trace_is_told_of_the_newest_and_how_many_more_there_are(start_lab: StartLab) -> None:
    lab = start_lab(seed=[SeedMail(BOB.address, ONE)] * (MOST_TOLD + 5))
    act(lab, "phone-sync")
    event = told(lab)
    assert (len(event.mails), event.more, event.mails[-1].key) == (MOST_TOLD, 5, str(MOST_TOLD + 5))


# The structure of a message -----------------------------------------------------------------------------------------


def test_the_leaves_of_a_structure_are_found_with_their_sections() -> None:
    text = (b"TEXT", b"PLAIN", (b"CHARSET", b"utf-8"), None, None, b"7BIT", b"12", b"1")
    image = (b"IMAGE", b"JPEG", None, None, None, b"BASE64", b"900", None, (b"attachment", (b"filename", b"a.jpg")))
    nested = (text, (text, b"TEXT", None), b"MIXED")
    assert [part.section for part in leaves((text, image, b"MIXED"))] == ["1", "2"]
    assert list(leaves((text, image, b"MIXED")))[1] == Part("2", "image/jpeg", 900, "a.jpg")
    assert [part.section for part in leaves(nested)] == ["1", "2.1"]
    assert [part.section for part in leaves(text)] == ["1"]
    for odd in (None, b"x", (), ((),), (b"TEXT",)):
        assert all(part.size == 0 for part in leaves(odd))


def test_a_message_without_text_opens_its_first_part() -> None:
    letter = Letter(1, frozenset(), parts=(Part("1", "image/jpeg", 9, "a.jpg"), Part("2", "image/png", 9)))
    assert (letter.missing(text=True), letter.missing(text=False)) == (["1"], ["2"])
    assert Letter(1, frozenset()).missing(text=True) == []


def test_what_a_device_has_kept_is_told_when_the_lab_starts_again(start_lab: StartLab, tmp_path: Path) -> None:
    first = start_lab(seed=SEED)
    assert act(first, "phone-mark") == "phone: there is no mail on it; synchronise it first"
    act(first, "laptop-pop3")
    first.stop()
    again = Lab(first.plan, first.folder)
    again.start()
    try:
        told = [event for event in again.log if isinstance(event, DeviceSynced)]
        assert [(event.device, event.step, len(event.mails)) for event in told] == [("laptop", "kept", 2)]
    finally:
        again.stop()
