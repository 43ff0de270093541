"""How long something lasts, in words: at most two units, so that it stays short."""

from __future__ import annotations

from mailtutor.text.catalogue import Words

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
# A hundred thousand days: a recording may hold any number, of hundreds of digits.
_MOST_S = 100_000 * DAY_S


def lasting(seconds: float, words: Words) -> str:
    """`12 s`, `4 min 5 s`, `2 h 10 min`, `3 d 4 h`; `> 100000 d` for whatever lasts longer."""
    if not abs(seconds) <= _MOST_S:
        return f"{'>' if seconds > 0 else '<'} {_units(words, d=_MOST_S // DAY_S if seconds > 0 else 0)}"
    whole = round(seconds)
    if whole < MINUTE_S:
        return _units(words, s=whole)
    if whole < HOUR_S:
        return _units(words, min=whole // MINUTE_S, s=whole % MINUTE_S)
    if whole < DAY_S:
        return _units(words, h=whole // HOUR_S, min=whole % HOUR_S // MINUTE_S)
    return _units(words, d=whole // DAY_S, h=whole % DAY_S // HOUR_S)


def _units(words: Words, **counts: int) -> str:
    shown = [(unit, count) for unit, count in counts.items() if count] or list(counts.items())[-1:]
    return " ".join(words(f"screen.time.{unit}", count=count) for unit, count in shown)
