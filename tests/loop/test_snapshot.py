"""One shape of a session's state: every surface of a real session holds it, with the same values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.loop.project import Project

CLOCK = {"as_of", "active_s", "measuring"}  # what a file cannot know


def standing(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in CLOCK}


def test_every_surface_holds_the_same_snapshot_and_what_it_has_besides_under_other_keys(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "")
    answer = project.ok("try", "--json", "-d", "shorter").json
    said = project.ok("status", "--json").json
    expected = standing(said)
    assert (said["schema"], said["measuring"], said["keeps"], said["experiment"]) == (1, False, 1, None)
    besides = {
        "about": answer,
        "rows": project.ok("dashboard", "--json").json,
        "explanation": project.ok("explain", "--json").json,
        "as_of_s": json.loads((project.session / "hook.json").read_bytes()),
        "": json.loads(project.read(".autotune.state")),
    }
    for key, found in besides.items():
        assert {one: found[one] for one in expected} == expected, key
        assert set(said) | {key} - {""} <= set(found)
    assert set(besides[""]) == set(said)
    assert (answer["about"]["experiment"], answer["about"]["status"], answer["about"]["verdict"]) == (1, "keep", "keep")
    assert (answer["since"], answer["notes"]) == (None, [])
    assert [row["index"] for row in besides["rows"]["rows"]] == [1]
    assert besides["explanation"]["explanation"]["experiment"] == 1
    stopped = project.ok("stop", "--json").json
    assert (set(stopped), stopped["ended"]["how"]) == (set(said), "stopped")


def test_the_state_file_is_the_same_when_it_is_made_again_and_tells_mode_health_streaks_and_recovery(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "longer than it was, by far\n")
    project.attempt()
    path = project.top / ".autotune.state"
    before = path.read_bytes()
    path.unlink()
    assert ".autotune.state was gone" in project.ok("status").err
    assert path.read_bytes() == before
    found = json.loads(before)
    assert (found["mode"], found["health"], found["measuring"]) == ("optimize", "running", None)
    assert (found["streaks"], found["budget"]["healing"]) == ({"no_improvement": 1, "failures": 0}, 3)
