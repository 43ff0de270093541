"""The explanation below the wire."""

from __future__ import annotations

from mailtutor.protocols.dns.message import encode
from mailtutor.trace.events import FromServer
from mailtutor.tui.app import TuiApp
from tests.protocols.dns.test_message import ANSWER
from tests.tui.stage import FakeStage, opened, shown, until


async def test_what_a_record_of_the_name_server_says_stands_in_words_and_not_as_octets() -> None:
    answer = FromServer(t=0, at=0, conn=1, data=encode(ANSWER))
    app = TuiApp(FakeStage([opened(1, "crepes.fr", "resolver", "dns"), answer]), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "IN AAAA ::1" in shown(app), "the answer")
        await pilot.press("up", "up", "up")
        await until(pilot, lambda: "preference 10" in shown(app), "the field and what it says")
        assert "␀" not in shown(app)
        await pilot.press("question_mark")
        await until(pilot, lambda: "time to live 300   " in shown(app), "each with its explanation")
        assert "␀" not in shown(app)
