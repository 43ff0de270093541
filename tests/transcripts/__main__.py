"""Records every dialogue anew: `python -m tests.transcripts`, or those that are named behind it."""

from __future__ import annotations

import sys

from mailtutor.paths import content
from tests.transcripts.scenes import SCENES
from tests.transcripts.studio import record

for scene in SCENES:
    if len(sys.argv) == 1 or scene.name in sys.argv[1:]:
        (content("transcripts") / f"{scene.name}.txt").write_text(record(scene), encoding="utf-8")
        print(scene.name)
