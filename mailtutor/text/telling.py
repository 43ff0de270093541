"""Says a sentence of ours in the language of the moment."""

from __future__ import annotations

import errno

from mailtutor.errors import MailtutorError, Sentence
from mailtutor.text.catalogue import Words


def tell(said: object, words: Words) -> str:
    """A sentence or an error in the language of `words`; what has no key there is said as it is.

    The reason of an OSError is the system's; the usual ones are `error.system.NAME`.
    """
    if isinstance(said, MailtutorError):
        said = said.sentence
    if isinstance(said, Sentence) and said.key in words:
        return words(said.key, **{name: _told(value, words) for name, value in said.fields.items()})
    if isinstance(said, OSError):
        name = errno.errorcode.get(said.errno or 0, "")
        return words.get(f"error.system.{name}", said.strerror or str(said))
    return str(said)


def _told(value: object, words: Words) -> object:
    if isinstance(value, tuple):
        return "; ".join(tell(one, words) for one in value)
    return tell(value, words) if isinstance(value, (Sentence, BaseException)) else value
