"""Which key does what an act does, for a student who is to do it."""

from __future__ import annotations

from mailtutor import acts

# Actions of the table of actions that a lesson's key bar shows where they are needed.
WITH_KEYS = (
    "send", "fetch_pop3", "fetch_imap", "alice_imap", "open_page", "send_pictures", "faults", "host_down", "flush",
    "act",
)  # fmt: skip
_PLAIN = acts.Send()


def key_for(act: acts.AnyAct) -> str:
    """The action that does it, or leads to where it is done; "act" for what has no key of its own."""
    match act:
        case acts.Send():
            plain = (act.sender, act.to, act.cc, act.bcc, act.attach, act.form, act.at, act.times, act.notify)
            same = plain == (
                _PLAIN.sender, _PLAIN.to, _PLAIN.cc, _PLAIN.bcc, _PLAIN.attach, _PLAIN.form, _PLAIN.at, _PLAIN.times,
                _PLAIN.notify,
            )  # fmt: skip
            return "send" if same and not act.receipt and not act.tls else "act"
        case acts.Fetch():
            usual = {acts.Fetch(): "fetch_pop3", acts.Fetch(service="imap"): "fetch_imap"}
            return usual.get(act, "alice_imap" if act == acts.Fetch(user=acts.ALICE, service="imap") else "act")
        case acts.Fault() | acts.Mend():
            return "faults"
        case acts.HostDown() | acts.HostUp():
            return "host_down" if act.host == acts.RECEIVING_HOST else "faults"
        case acts.Flush():
            return "flush"
        case acts.Hold() | acts.Release() | acts.Recall():
            return "queue"
        case acts.Jump():
            return "act" if act.by else "jump"
        case acts.Speed():
            return "clock_faster"
        case acts.OpenPage():
            return "open_page" if act.connections == 1 else "act"
        case acts.SendPictures():
            return "send_pictures"
        case _:
            name = str(act.__struct_config__.tag)
            return "devices" if name.startswith(("laptop", "phone")) else "act"
