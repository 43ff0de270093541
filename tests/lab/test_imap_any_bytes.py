"""Whatever a client sends to a real mailbox: every command is answered and nothing raises."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from mailtutor.protocols.engine import CLOSE, NEED_DATA, StartTls
from tests.lab.house import House
from tests.protocols.imap.test_any_bytes import CLIENT_PIECES, stream


async def hear(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        try:
            await house.deliver()
            await house.deliver()
            session, other = await house.session(), await house.session()
            await other.say("a STORE 1 +FLAGS.SILENT (\\Deleted)", "b EXPUNGE")
            engine = session.service.engine
            engine.receive_data(data)
            while (event := engine.next_event()) is not NEED_DATA and event is not CLOSE:
                if isinstance(event, StartTls):
                    engine.tls_started()
                else:
                    await session.service.handle(event)
            engine.data_to_send()
            assert (await other.say("c NOOP"))[-1] == "c OK NOOP completed"
            await session.service.ended()
        finally:
            house.database.close()


@pytest.mark.slow
@given(stream(CLIENT_PIECES))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_leave_the_server_standing(data: bytes) -> None:
    asyncio.run(hear(data))
