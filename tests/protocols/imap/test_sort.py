"""Base subjects by the algorithm every server has to follow (RFC 5256 §2.1)."""

from __future__ import annotations

import pytest

from mailtutor.protocols.imap.sort import base_subject


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("", ""),
        ("   ", ""),
        ("pickles", "pickles"),
        (" Pickles\t and \r\n ketchup ", "pickles and ketchup"),
        ("Re: pickles", "pickles"),
        ("re:pickles", "pickles"),
        ("RE : pickles", "pickles"),
        ("Fw: pickles", "pickles"),
        ("Fwd: pickles", "pickles"),
        ("Re: Fwd: RE: pickles", "pickles"),
        ("Re[2]: pickles", "pickles"),
        ("Re [b]: pickles", "pickles"),
        ("[list] Re: pickles", "pickles"),
        ("Re: [list] pickles", "pickles"),
        ("[a] [b] Re: [c] Fwd: pickles", "pickles"),
        ("[list] pickles", "pickles"),
        ("[list]", "[list]"),
        ("[a] [b]", "[b]"),
        ("Re: [list]", "[list]"),
        ("pickles (fwd)", "pickles"),
        ("pickles (FWD)  (fwd)", "pickles"),
        ("Re: pickles (fwd) ", "pickles"),
        ("[Fwd: pickles]", "pickles"),
        ("[fwd: Re: pickles (fwd)]", "pickles"),
        ("Re: [Fwd: [list] Re: pickles] (fwd)", "pickles"),
        ("[Fwd: [Fwd: pickles]]", "pickles"),
        ("Re: ", ""),
        ("Re:", ""),
        ("(fwd)", ""),
        ("Reply: pickles", "reply: pickles"),
        ("Fwd pickles", "fwd pickles"),
        ("Refwd: pickles", "refwd: pickles"),
        ("pickles Re: more", "pickles re: more"),
        ("[a[b]] pickles", "[a[b]] pickles"),
        ("re", "re"),
    ],
)
def test_the_base_subject_is_what_is_left(subject: str, base: str) -> None:
    assert base_subject(subject) == base


@pytest.mark.parametrize("piece", ["re: ", "[x] ", "[fwd: ", "(fwd) ", "] ", "[", "re [", " "])
def test_a_long_subject_is_read_to_its_end(piece: str) -> None:
    assert len(base_subject(piece * 1000)) <= len(piece) * 1000
