"""The command that leads on from a refusal is one of the same protocol."""

from __future__ import annotations

import pytest

from mailtutor.protocols.catalogue import PROTOCOLS


@pytest.mark.parametrize("protocol", ["smtp", "pop3", "imap"])
def test_what_leads_on_from_a_refusal_is_a_command_of_the_table(protocol: str) -> None:
    table = PROTOCOLS[protocol].table
    leading_on = {reply.key: reply.then for reply in table.replies.values() if reply.then}
    assert leading_on
    assert set(leading_on.values()) <= set(table.commands)
