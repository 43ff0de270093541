"""How long something lasts, in words: at most two units, so that it stays short."""

from __future__ import annotations

from mailtutor.text.catalogue import Words

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def lasting(seconds: float, words: Words) -> str:
    """`12 s`, `4 min 5 s`, `2 h 10 min`, `3 d 4 h`."""
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
