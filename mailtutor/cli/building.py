"""`mailtutor message --build-up`: a message grown by one MIME field at a time, really sent at each stage."""

from __future__ import annotations

from mailtutor.cli.mail import Arrivals
from mailtutor.cli.output import print_json
from mailtutor.cli.serve import leaving
from mailtutor.errors import MailtutorError, UsageError
from mailtutor.lab.plan import BOB
from mailtutor.message.encodings import decode_words
from mailtutor.message.growth import FIELDS, Seed, fields, stage_of, text_seed
from mailtutor.message.headers import parse_header
from mailtutor.reading.growth import field_key, our_picture, seen, seen_told
from mailtutor.reading.picture import shaded
from mailtutor.reading.visible import visible
from mailtutor.session import Session
from mailtutor.text.catalogue import Words
from mailtutor.text.telling import tell

PICTURE = "picture"
# Characters of a text that is sent.
_LONGEST = 1000


def build_up(wanted: str, say: Words, *, as_json: bool) -> int:
    """wanted: a text of the student's own, "" for one of ours, "picture" for our picture."""
    if len(wanted) > _LONGEST or not _is_sound(wanted):
        raise UsageError(
            "{flag} takes up to {most} characters of sound text", "error.message.text", flag="--build-up",
            most=_LONGEST,
        )  # fmt: skip
    seed = our_picture() if wanted == PICTURE else text_seed(wanted or say("growth.text"))
    session = Session()
    with leaving():
        try:
            session.start()
            replies = [_sent(session, seed, stage) for stage in range(len(FIELDS))]
            arrived = _by_stage(session.fetch(BOB.name, "pop3", delete=False), seed.kind)
        finally:
            session.stop()
    if not as_json:
        print(say("growth.about_sent"))
    for stage, reply in enumerate(replies):
        _print(seed, stage, tell(reply, say), arrived[stage], say, as_json=as_json)
    return 0


def _sent(session: Session, seed: Seed, stage: int) -> str:
    arrivals = Arrivals(session.log, [BOB.address])
    reply = session.grow(seed, stage).result()
    for recipient, why in arrivals.wait([BOB.address]).items():
        raise MailtutorError("{recipient}: {reason}", "error.cli.recipient", recipient=recipient, reason=why)
    return reply


def _by_stage(messages: list[bytes], kind: str) -> dict[int, bytes]:
    found = {stage_of(decode_words(parse_header(raw).get("Subject") or b"")): raw for raw in messages}
    return {key[1]: raw for key, raw in found.items() if key is not None and key[0] == kind}


def _print(seed: Seed, stage: int, reply: str, raw: bytes, say: Words, *, as_json: bool) -> None:
    made = seen(raw)
    field = fields(seed, "…")[stage]
    if as_json:
        print_json(
            {"event": "grown", "stage": stage + 1, "field": field, "reply": reply, "octets": len(raw), "sees": made.key,
             "sample": made.sample, **dict(made.named)}
        )  # fmt: skip
        return
    print(f"\n{stage + 1}  {'+ ' + visible(field) if stage else say(f'growth.kind.{seed.kind}')}")
    print(f"   {say(f'growth.field.{field_key(stage)}')}")
    print(f"   {visible(say('growth.sent', reply=reply))}")
    print(f"   → {seen_told(made, say)}")
    if made.picture is not None and stage == len(FIELDS) - 1:
        print("\n".join(f"     {line}" for line in shaded(made.picture)))


def _is_sound(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
