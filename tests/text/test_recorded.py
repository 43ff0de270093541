"""Our own words in a trace are known again, and said in the reader's language."""

from __future__ import annotations

from mailtutor.errors import Sentence
from mailtutor.lab.verdict import Result
from mailtutor.text.catalogue import words
from mailtutor.text.recorded import recorded, renewed
from mailtutor.text.telling import tell

EN, ZH = words("en"), words("zh")


def test_a_reason_of_ours_is_said_in_chinese_and_in_english_as_it_is() -> None:
    assert recorded("the server closed the connection", ZH) == "服务器关闭了连接"
    assert recorded("no answer within 600 s", ZH) == "600 秒内没有应答"
    assert recorded("the server closed the connection", EN) == "the server closed the connection"


def test_a_reason_within_a_reason_is_said_too() -> None:
    said = "h smtp does not answer at 127.0.0.3:2525 (Connection refused)"
    assert recorded(f"4.4.7 given up after 3 attempts; last: {said}", ZH) == (
        "4.4.7 试了 3 次后放弃；最后一次：h 的 smtp 在 127.0.0.3:2525 没有应答（连接被拒绝）"
    )


def test_what_a_server_said_stays_as_it_is() -> None:
    for said in ("550 5.1.1 no such user", "421 the server closed the connection", "", "{host} closed\nit"):
        assert recorded(said, ZH) == said


def test_what_a_trace_keeps_is_plain_text() -> None:
    kept = Result("deferred", Sentence("the TLS handshake failed", "error.delivery.tls")).reply
    assert type(kept) is str
    assert recorded(kept, ZH) == "TLS 握手失败"


def test_why_a_server_could_not_carry_a_message_is_a_sentence_again() -> None:
    said = "the server does not offer SMTPUTF8, and the address or header needs it"
    sentence = renewed(said)
    assert sentence == said
    assert tell(sentence, words("zh")) == recorded(said, words("zh")) != said
    assert renewed("550 5.1.1 no such user") == "550 5.1.1 no such user"
