"""The modes: home, lesson, lab, replay, practice. stage.py is what the last four share: the wire and its views."""
