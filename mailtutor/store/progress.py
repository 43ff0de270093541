"""How far the student has come, as functions over a connection."""

from __future__ import annotations

import sqlite3


def set_result(db: sqlite3.Connection, lesson: str, step: str, result: str, answer: str, now: float) -> None:
    """Keeps a step's result ("done", "skipped", "wrong"); a step once done stays done."""
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


def forget(db: sqlite3.Connection, lesson: str) -> None:
    """Starts a lesson over."""
    db.execute("DELETE FROM progress WHERE lesson = ?", (lesson,))
