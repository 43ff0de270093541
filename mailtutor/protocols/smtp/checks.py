"""What a command asks for, against what the server offers and has been told: parameters, limits, UTF-8 where it may be.

The order of commands is the table's affair, and grammar.py has read them; here is what hangs on the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.smtp import events, table
from mailtutor.protocols.smtp.offer import Offer
from mailtutor.protocols.smtp.parameters import BODIES

if TYPE_CHECKING:
    from mailtutor.protocols.smtp.server import SmtpServer


def check(event: object, session: SmtpServer) -> None:
    """Raises RemoteProtocolError where this cannot be done in this session, whatever the world says."""
    match event:
        case events.SenderNamed():
            _check_sender(event, session)
        case events.RecipientNamed():
            _check_recipient(event, session)
        case events.VerifyAsked() | events.ExpandAsked():
            if event.utf8 and not (session.extended and session.offers("SMTPUTF8")):
                raise RemoteProtocolError("555.parameter", parameter="SMTPUTF8")
            if not event.utf8 and not event.word.isascii():
                raise RemoteProtocolError("553.utf8_reply")
        case events.DataBegun():
            if session.sender is not None and session.sender.body == "BINARYMIME":
                raise RemoteProtocolError("503.need_bdat")


def _check_sender(event: events.SenderNamed, session: SmtpServer) -> None:
    if session.auth_required and not session.username:
        raise RemoteProtocolError("530.need_auth")
    if event.parameters:
        _check_parameters("MAIL", event.parameters, session)
    _check_ascii(event, utf8=event.utf8)
    if event.parameters:
        _check_release(event, session.offer)
        if event.size > session.limits.size:
            raise RemoteProtocolError("552.too_big", limit=str(session.limits.size))
    if session.limits.messages and session.messages >= session.limits.messages:
        raise RemoteProtocolError("421.too_many_messages", limit=str(session.limits.messages))


def _check_release(event: events.SenderNamed, offer: Offer) -> None:
    asked = [name for name in ("HOLDFOR", "HOLDUNTIL") if name in event.parameters]
    if len(asked) > 1:
        raise RemoteProtocolError("501.parameter_value", parameter=asked[1], syntax="only one of the two")
    if asked and event.release_at(offer.began_at) - offer.began_at > offer.limits.release:
        syntax = f"at most {offer.release_limits()}"
        raise RemoteProtocolError("501.parameter_value", parameter=asked[0], syntax=syntax)


def _check_recipient(event: events.RecipientNamed, session: SmtpServer) -> None:
    if event.parameters:
        _check_parameters("RCPT", event.parameters, session)
    assert session.sender is not None
    _check_ascii(event, utf8=session.sender.utf8)
    limits = session.limits
    if limits.recipients and len(session.recipients) >= limits.recipients:
        raise RemoteProtocolError("452.too_many_recipients")
    if limits.domains and len(session.domains | {event.path.domain.lower()}) > limits.domains:
        raise RemoteProtocolError("452.too_many_domains", limit=str(limits.domains))


def _check_ascii(event: events.SenderNamed | events.RecipientNamed, *, utf8: bool) -> None:
    if utf8:
        return
    if not event.path.is_ascii or any(not value.isascii() for value in event.parameters.values()):
        raise RemoteProtocolError("553.need_smtputf8")


def _check_parameters(verb: str, parameters: Mapping[str, str], session: SmtpServer) -> None:
    for name, value in parameters.items():
        row = table.PARAMETERS[verb].get(name)
        # BODY belongs to two extensions: which, its value says.
        capability = row and (BODIES.get(value.upper(), "8BITMIME") if name == "BODY" else row.capability)
        if row is None or not session.extended or not session.offers(str(capability)):
            raise RemoteProtocolError("555.parameter", parameter=name)
        if value if row.takes is None else not row.takes(value):
            raise RemoteProtocolError("501.parameter_value", parameter=name, syntax=row.syntax)
