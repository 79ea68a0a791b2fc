"""What cases write is kept with the run, shown, and no evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.loop.project import Project

WRITING = """\
test -z "$(ls -A "$AUTOTUNE_CASE_OUTPUT")" || exit 1
size=$(cat src/*.txt | wc -c)
while read -r case; do
  echo "$size bytes" > "$AUTOTUNE_CASE_OUTPUT/$case.txt"
  echo "METRIC size[$case]=$((size * ${case#c}0))"
done < "$AUTOTUNE_CASES"
ln -s /etc/hostname "$AUTOTUNE_CASE_OUTPUT/c1"
echo nobody > "$AUTOTUNE_CASE_OUTPUT/other"
echo "METRIC size[c1]=1" > "$AUTOTUNE_CASE_OUTPUT/experiment-7-candidate.log"
"""


def test_what_cases_write_is_kept_with_the_run_and_found_again(project: Project) -> None:
    project.write("autotune.sh", WRITING)
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--cases", "c1,c2")
    project.write("src/a.txt", "a\n")
    assert project.attempt("smaller")["verdict"] == "keep"
    kept = project.ok("explain", "1", "--json").json["case_output"]
    runs = [run for run in project.events("run") if run["purpose"] == "experiment"]
    assert [(one["run"], one["arm"]) for one in kept] == [(run["number"], run["arm"]) for run in runs]
    assert {tuple(one["files"]) for one in kept} == {("c1.txt", "c2.txt")}
    texts = {one["arm"]: Path(one["folder"], "c2.txt").read_text() for one in kept}
    assert texts == {"incumbent": "30 bytes\n", "candidate": "17 bytes\n"}
    told = project.ok("explain", "1").out
    assert str(Path(kept[0]["folder"]).parent) in told.replace("\n", "").replace(" ", "")
    project.ok("check")
    project.write("autotune.sh", f"{WRITING}# as before\n")
    project.ok("rebaseline", "--accept")
    baseline = [run["log"].removeprefix("runs/").removesuffix(".log") for run in project.events("run") if run["purpose"] == "baseline"]
    for folder in (f"cases/{baseline[0]}", f"cases/segment-2/{baseline[-1]}"):
        assert (project.session / folder / "c1.txt").is_file()
    project.ok("clear", "--yes")
    assert not Path(kept[0]["folder"]).exists()


def test_a_seed_may_write_too(project: Project) -> None:
    project.write("autotune.sh", 'echo hi > "$AUTOTUNE_CASE_OUTPUT/$AUTOTUNE_SEED"\necho "METRIC size=$(cat src/*.txt | wc -c)"\n')
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--seeds", "--anyway")
    kept = sorted(path.name for path in (project.session / "cases").glob("**/*") if path.is_file())
    assert set(kept) >= {str(run["seed"]) for run in project.events("run")}
