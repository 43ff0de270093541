"""Lines are said one by one, each after the answer to the one before."""

from __future__ import annotations

from mailtutor.reading.dictation import Dictation
from mailtutor.trace.events import FromServer
from mailtutor.tui.viewpoint import Viewpoint
from tests.tui.stage import FakeStage


def test_each_line_waits_for_the_answer_to_the_one_before_and_message_lines_do_not() -> None:
    session = FakeStage()
    console = session.console("hamburger.edu", "smtp")
    view = Viewpoint(session.log)
    dictation = Dictation(console, ["HELO a", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA", "hello", "."])

    def go_on() -> bool:
        view.read()
        return dictation.go_on(view.dialogue.connections[1])

    def said() -> list[bytes]:
        view.read()
        return [row.line.text for row in view.dialogue.rows if row.line.source == "C"]

    def answer(line: bytes) -> None:
        session.log.append(FromServer(t=0, at=0, conn=1, data=line + b"\r\n"))

    assert not go_on()
    assert said() == []
    for reply, line in ((b"220 h", b"HELO a"), (b"250 h", b"MAIL FROM:<a@b>"), (b"250 s", b"RCPT TO:<a@b>")):
        answer(reply)
        assert not go_on()
        assert said()[-1] == line
        assert not go_on()
        assert said()[-1] == line
    answer(b"250 r")
    go_on()
    answer(b"354 d")
    for _ in range(4):
        go_on()
    assert said()[-2:] == [b"hello", b"."]
    answer(b"250 ok")
    assert go_on()
