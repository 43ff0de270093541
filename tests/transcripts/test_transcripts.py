"""The recorded dialogues are what the lab says today; a difference is a change of the lab, or of a file by hand."""

from __future__ import annotations

import pytest

from mailtutor.paths import content
from mailtutor.trace.transcript import parse
from tests.transcripts.scenes import SCENES
from tests.transcripts.studio import Scene, record


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_dialogue_comes_about_again_as_it_is_recorded(scene: Scene) -> None:
    recorded = (content("transcripts") / f"{scene.name}.txt").read_text(encoding="utf-8")
    assert record(scene) == recorded, "the lab says something else: `make transcripts` records it anew"


def test_every_dialogue_of_ours_has_a_title_in_both_languages_and_reads_back() -> None:
    for file in content("transcripts").glob("*.txt"):
        found = parse(file.read_bytes(), file.name)
        assert found.title("en") != found.title("zh"), file.name
        assert parse(found.text().encode()).turns == found.turns
