"""Real servers where there can be none: one sentence that says why, and what to do."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from mailtutor.cli import main
from mailtutor.errors import MissingExtraError
from mailtutor.lab import outside
from mailtutor.lab.options import REAL, Options
from mailtutor.lab.plan import REAL_SERVICES, textbook_plan


def _nothing(name: str, *_: object, **__: object) -> None:
    return None


def test_what_is_not_installed_is_named_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", _nothing)
    assert main(["serve", "--receiver", "postfix+dovecot"]) == 4
    assert "apt-get install postfix dovecot-imapd dovecot-pop3d" in capsys.readouterr().err


def test_another_system_and_another_user_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, *_, **__: f"/usr/sbin/{name}")
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(MissingExtraError, match="on Linux only"):
        outside.check_permitted()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MissingExtraError, match="sudo"):
        outside.check_permitted()


def test_only_the_last_host_is_real_and_has_the_doors_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, *_, **__: f"/usr/sbin/{name}")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    first, last = Options(receiver=REAL).applied(textbook_plan()).hosts
    assert "submission" in first.services
    assert last.services == REAL_SERVICES
    assert Options().applied(textbook_plan()).hosts[1].services != REAL_SERVICES
