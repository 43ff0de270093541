"""The course: lessons are content, this room reads and judges them.

model.py says what a lesson is (`lesson.toml`), prose.py reads its texts (`text.en.md`, `text.zh.md`), loader.py loads
folders of lessons and says what is wrong with them by file, line and key, checks.py decides from the trace and the
world whether a step is done, answers.py judges what a student answered. Nothing here starts a lab, keeps progress or
draws: the session does the first two, the screen the last.
"""
