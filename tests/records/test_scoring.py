from __future__ import annotations

from pathlib import Path

from tests.records.agent import NOW, Desk, lines, record

from autotune.core.records.behaviors import Behavior
from autotune.records import exporting, judged, scoring
from autotune.records.forgetting import Choice, forget
from autotune.records.scoring import Given, Waiting
from autotune.records.store import Store

SAID = {"judge": "script:cheap", "rubric": "one"}
QUALITY = Behavior.RESPONSE_QUALITY


def filled(desk: Desk, count: int = 12) -> Desk:
    desk.log.write_bytes(lines(*(record(number, prompt_pack_versions={"response-quality": f"v{number % 2}"}) for number in range(count))))
    desk.take()
    return desk


def waiting(store: Store, limit: int = 100, now: int = NOW) -> list[Waiting]:
    return scoring.waiting(store, QUALITY, scoring.instrument_of(SAID), limit, now)


def given(one: Waiting, score: float | None, again_ms: int | None = None) -> Given:
    return Given(one, score, None if score is not None else "busy", "first", 0, again_ms, 0.01, {"marks": {"kind": 3}})


def scored(desk: Desk) -> Desk:
    """Half of the records scored, one of them without a score."""
    with filled(desk).store() as store:
        rows = waiting(store)
        scores = [None, 0.2, 0.4, 0.6, 0.8, 1.0]
        said = [given(one, score) for one, score in zip(rows, scores, strict=False)]
        scoring.keep(store, QUALITY, SAID, said, NOW)
    return desk


def test_the_newest_are_judged_first_and_each_once(desk: Desk) -> None:
    with filled(desk).store() as store:
        first = waiting(store, 5)
        assert [one.trace.id for one in first] == [f"t{number}" for number in (11, 10, 9, 8, 7)]
        assert scoring.keep(store, QUALITY, SAID, [given(one, 0.5) for one in first], NOW) == 5
        assert [one.trace.id for one in waiting(store, 5)] == [f"t{number}" for number in (6, 5, 4, 3, 2)]
        assert len(scoring.waiting(store, QUALITY, "another", 100, NOW)) == 12, "another instrument judges all of them"
        assert scoring.waiting(store, Behavior.MEMORY_RECALL, "another", 100, NOW) == [], "a behaviour judges only what applies to it"


def test_what_got_no_score_comes_again_when_its_time_has_come(desk: Desk) -> None:
    with filled(desk, 2).store() as store:
        one, two = waiting(store)
        scoring.keep(store, QUALITY, SAID, [given(one, None, NOW + 10), given(two, None)], NOW)
        assert waiting(store, now=NOW + 9) == []
        again = waiting(store, now=NOW + 10)
        assert [(found.case, found.tries) for found in again] == [(one.case, 1)], "the other is given up"
        scoring.keep(store, QUALITY, SAID, [given(again[0], 0.7)], NOW + 20)
        assert store.rows("SELECT score, unscored, tries FROM score WHERE score IS NOT NULL") == [(0.7, None, 2)]


def test_records_of_a_canary_come_first_the_oldest_of_them_before_the_others(desk: Desk) -> None:
    with filled(desk, 8).store() as store:
        found = scoring.waiting(store, QUALITY, "another", 100, NOW, since_ms=NOW - 1000 + 5)
    assert [one.trace.id for one in found] == [f"t{number}" for number in (5, 6, 7, 4, 3, 2, 1, 0)]


def test_what_a_person_labelled_is_judged_first(desk: Desk) -> None:
    with filled(desk).store() as store:
        last = waiting(store)[-1]
        store.connection.execute("INSERT INTO label VALUES (?, ?, 3, ?)", (last.record_id, str(QUALITY), NOW))
        assert waiting(store)[0] == last


def test_scores_by_version_count_each_user_once(desk: Desk) -> None:
    with scored(desk).store() as store:
        found = {one.version: one for one in judged.groups(store)}
        assert {version: (one.sums.units, one.sums.n, round(one.sums.s, 9), one.unscored) for version, one in found.items()} == {
            "v0": (3, 3.0, 1.8, 0), "v1": (2, 2.0, 1.2, 1),
        }  # fmt: skip
        assert judged.groups(store, "tool-calling") == []
        assert scoring.current(store, QUALITY) == scoring.instrument_of(SAID)
        assert scoring.current(store, "tool-calling") is None


def test_of_one_pass_those_with_a_score_come_first(desk: Desk) -> None:
    with scored(desk).store() as store:
        assert judged.outcomes(store, QUALITY, 3) == [(NOW, None)] * 3
        assert judged.outcomes(store, QUALITY, 9)[-1] == (NOW, "busy")


def test_the_records_of_a_time_come_with_what_they_show(desk: Desk) -> None:
    with scored(desk).store() as store:
        found = list(scoring.scored(store, QUALITY, scoring.instrument_of(SAID), 0, NOW))
    assert [(one.user, one.conversation, one.versions, one.score, one.unscored) for one in found[-2:]] == [
        ("u3", "c10", {"response-quality": "v0"}, 0.2, None),
        ("u4", "c0", {"response-quality": "v1"}, None, "busy"),
    ]


def test_forgetting_reaches_scores_labels_and_probes(desk: Desk) -> None:
    with scored(desk).store() as store:
        (number,) = store.rows("SELECT record_id FROM record WHERE id = 't11'")[0]
        store.connection.execute("INSERT INTO label VALUES (?, ?, 3, 1)", (number, str(QUALITY)))
        store.connection.execute("INSERT INTO probe VALUES (?, ?, ?, 'order', 0.1, 1)", (number, str(QUALITY), scoring.instrument_of(SAID)))
        forget(store, Choice(user="u4"))
        assert [store.count(f"SELECT count(*) FROM {table}") for table in ("score", "label", "probe")] == [5, 0, 0]  # noqa: S608


def test_a_record_that_was_forgotten_or_has_changed_meanwhile_gets_no_score(desk: Desk) -> None:
    with filled(desk).store() as store:
        rows = waiting(store)
        forget(store, Choice(user="u4"))
        store.connection.execute("UPDATE record SET content = json_set(content, '$.output', 'more') WHERE id = 't10'")
        kept = scoring.keep(store, QUALITY, SAID, [given(one, 0.5) for one in rows], NOW)
        assert kept == 12 - 2 - 1


def test_an_export_carries_scores_and_gives_the_same_database(tmp_path: Path) -> None:
    desk, other = scored(Desk(tmp_path / "one")), Desk(tmp_path / "two")
    path = tmp_path / "export.jsonl"
    with desk.store() as store:
        store.connection.execute("INSERT INTO label SELECT record_id, behavior, 2, 5 FROM score")
        path.write_text("".join(f"{line}\n" for line in exporting.lines(store)), "utf-8")
    with other.store() as store:
        exporting.read_back(store, path)
    assert other.dump() == desk.dump()
    with other.store() as store:
        forget(store, Choice(user="u4"))
        exporting.read_back(store, path)
        assert store.count("SELECT count(*) FROM score") == 5, "what was forgotten does not come back"
    third = filled(Desk(tmp_path / "three"))
    with third.store() as store:
        exporting.read_back(store, path)
        assert store.count("SELECT count(*) FROM score") == 6, "scores are added to records that are there"
