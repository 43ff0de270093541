"""What can go wrong, said in words.

Two families. `MailtutorError` is for people: one line that says what was wrong and what to do, with the exit code the
command line gives it. `ProtocolError` is for engines: a `LocalProtocolError` is our own mistake, a
`RemoteProtocolError` is the peer's and knows the reply it deserves.

A sentence for people is a `Sentence`: English, so that scripts and tests have words to hold on to, with the key of the
text catalogue that has it in every language. `mailtutor.text.telling.tell` says it in the language of the moment.
"""

from __future__ import annotations


class Sentence(str):
    """An English sentence that can be said in another language.

    template: the sentence with `{fields}`, or, without a key, the sentence as it is. key: of the catalogue ("error.…"),
    whose English text is the template. fields: what fills it; a field may itself be a sentence or an exception, or
    several of them in a tuple.
    """

    __slots__ = ("fields", "key")

    key: str
    fields: dict[str, object]

    def __new__(cls, template: str, key: str = "", /, **fields: object) -> Sentence:
        """Fills the template."""
        plain = {name: _plain(value) for name, value in fields.items()}
        made = super().__new__(cls, template.format_map(plain) if key else template)
        made.key = key
        made.fields = fields
        return made


def _plain(value: object) -> object:
    """A field in English; of an OSError the system's reason alone, without its number and file name."""
    if isinstance(value, tuple):
        return "; ".join(str(_plain(one)) for one in value)
    return value.strerror or str(value) if isinstance(value, OSError) else value


class MailtutorError(Exception):
    """The thing asked for failed. The message is one line and says what to do; template, key, fields: see Sentence."""

    exit_code = 1

    def __init__(self, template: str, key: str = "", /, **fields: object) -> None:
        self.sentence = Sentence(template, key, **fields)
        super().__init__(str(self.sentence))


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
