"""How far the student has come, as functions over a connection."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing a student did.

    at: seconds since 1970. kind: "shown" (the step came on the screen), "hint" (one more was unfolded), "guessed" (a
    reply was predicted), "left" (the lesson was), or the result of an attempt: "done", "wrong", "right", "skipped".
    said: what was answered.
    """

    at: float
    lesson: str
    step: str
    kind: str
    said: str


def note(db: sqlite3.Connection, entry: Entry) -> None:
    """Writes down what the student did."""
    db.execute(
        "INSERT INTO journal (at, lesson, step, kind, said) VALUES (?, ?, ?, ?, ?)",
        (entry.at, entry.lesson, entry.step, entry.kind, entry.said),
    )


def journal(db: sqlite3.Connection) -> list[Entry]:
    """Everything that was written down, in order."""
    return [Entry(*row) for row in db.execute("SELECT at, lesson, step, kind, said FROM journal ORDER BY id")]


def set_result(db: sqlite3.Connection, lesson: str, step: str, result: str, answer: str, now: float) -> None:
    """Keeps a step's result ("done", "skipped", "wrong"), and the attempt; a step once done stays done."""
    note(db, Entry(now, lesson, step, result, answer))
    db.execute(
        "INSERT INTO progress (lesson, step, result, answer, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (lesson, step) DO UPDATE SET result = excluded.result, answer = excluded.answer, at = excluded.at"
        " WHERE progress.result != 'done' OR excluded.result = 'done'",
        (lesson, step, result, answer, now),
    )


def results(db: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str]]:
    """(lesson, step) → (result, answer)."""
    rows = db.execute("SELECT lesson, step, result, answer FROM progress")
    return {(lesson, step): (result, answer) for lesson, step, result, answer in rows}


def forget(db: sqlite3.Connection, lesson: str, step: str = "") -> None:
    """Starts a lesson over, or one step of it."""
    db.execute("DELETE FROM progress WHERE lesson = ? AND ? IN ('', step)", (lesson, step))
