"""What can go wrong, said in words.

Two families. `MailtutorError` is for people: one line that says what was wrong and what to do, with the exit code the
command line gives it. `ProtocolError` is for engines: a `LocalProtocolError` is our own mistake, a
`RemoteProtocolError` is the peer's and knows the reply it deserves.
"""

from __future__ import annotations


class MailtutorError(Exception):
    """The thing asked for failed. The message is one line and says what to do."""

    exit_code = 1


class UsageError(MailtutorError):
    """The command was used in a way it does not have, or there is no terminal to draw on."""

    exit_code = 2


class NetworkError(MailtutorError):
    """A port could not be opened or a host could not be reached."""

    exit_code = 3


class MissingExtraError(MailtutorError):
    """Something optional is not installed."""

    exit_code = 4


class StoreError(MailtutorError):
    """A file of ours is damaged or newer than this program; it is left as it is."""


class ProtocolError(Exception):
    """Someone broke the rules of a protocol."""


class LocalProtocolError(ProtocolError):
    """We asked an engine for something its table does not allow: a defect of ours."""


class RemoteProtocolError(ProtocolError):
    """The peer broke a rule. `reply` is the key of the reply it gets; `fields` fill the reply's template."""

    def __init__(self, reply: str, **fields: str) -> None:
        super().__init__(reply)
        self.reply = reply
        self.fields = fields


class GrammarError(RemoteProtocolError):
    """A line stopped making sense.

    at: byte offset, in the bytes the grammar was given (what follows the verb), where reading stopped.
    expected: text key of what could have stood there ("smtp.expected.domain").
    rule: the name of the grammar rule, as the RFC spells it.
    """

    def __init__(self, reply: str, *, at: int, expected: str, rule: str, **fields: str) -> None:
        super().__init__(reply, **fields)
        self.at = at
        self.expected = expected
        self.rule = rule


class Unfinished(Exception):  # noqa: N818  (nothing is wrong)
    """A command is right as far as it goes, and more of it has to come."""
