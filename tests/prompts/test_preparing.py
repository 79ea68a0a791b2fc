"""Why a run of `optimize` cannot be, and what it is made of: with a real workshop and records, and no model."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest
from tests.prompts import world
from tests.prompts.test_engines import PROGRAM
from tests.prompts.test_optimizing import QUALITY, Shop

from autotune.commands import app
from autotune.core.asking.limits import NONE
from autotune.core.cases.confirming import PLANNED
from autotune.core.codec import encode
from autotune.core.judging import instrument, packs
from autotune.edges import git, run_folders
from autotune.errors import AutotuneError
from autotune.models.asking import Models
from autotune.models.spending import Spending
from autotune.prompts import canaries, engines, judging, optimizing, pools, preparing, runs, searching, settings
from autotune.prompts.ingesting import database
from autotune.prompts.settings import Settings
from autotune.records.store import opened
from autotune.rollout import deploying


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    made = Shop(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    world.write_traces(tmp_path / ".config/dotclaw/traces/a.jsonl", *world.traces(100))
    assert app.run(["prompts", "init", "--yes", "--behavior", QUALITY]) == 0
    made.models = world.install(tmp_path / "world.py")
    made.set("judge", stage1_model=made.models["judge"], stage2_model=made.models["judge"], share=0.25)
    made.search(sample=8, max_calls=500)
    assert app.run(["ingest"]) == 0
    capsys.readouterr()
    return made


def known(shop: Shop) -> Settings:
    return settings.read(shop.workshop / "prompts.toml", {})


def found(shop: Shop) -> dict[str, object]:
    return optimizing.optimize(known(shop), QUALITY, world.NOW, dry=True)


def test_a_run_does_not_begin_where_the_days_money_is_spent(shop: Shop) -> None:
    assert found(shop)["state"] == "planned"
    for cap in ("MAX_USD", "MAX_CALLS"):
        said = settings.read(shop.workshop / "prompts.toml", {f"AUTOTUNE_{cap}_PER_DAY": "0"})
        assert optimizing.optimize(said, QUALITY, world.NOW, dry=True)["state"] == "day spent"


def laid_out(shop: Shop, seed: int = 0) -> Path:
    from autotune.prompts.terms import terms

    on = known(shop)
    prepared = preparing.prepared(on, QUALITY, seed, world.NOW)
    return preparing.lay_out(on, QUALITY, prepared, seed, world.NOW, terms(on, "x"))


def test_a_run_is_laid_out_the_same_again_by_its_seed(shop: Shop) -> None:
    one, same, other = laid_out(shop), laid_out(shop), laid_out(shop, 1)
    assert [runs.read_run(path).read for path in (one, same)] == [runs.read_run(one).read] * 2
    assert (one / runs.IDS).read_bytes() == (same / runs.IDS).read_bytes()
    assert runs.read_run(one).select != runs.read_run(other).select
    made = instrument.parse(tomllib.loads((one / runs.JUDGE).read_text()), runs.JUDGE)
    assert (made.run, made.max_calls_per_run, made.fresh, made.besides) == (runs.read_run(one).name, 500, False, True)
    assert made.stages.share == 0.25
    listed = [line.partition("\t")[0] for line in (one / runs.IDS).read_text().splitlines()]
    frozen = [json.loads(line)["case"] for line in (one / runs.CONFIRM).read_text().splitlines()]
    assert listed == [f"{QUALITY}/{case}" for case in frozen]
    assert set(runs.read_run(one).slices) == {"source web", "source phone"}
    read = runs.read_run(one)
    assert not {*read.read, *read.select} & set(frozen)


def test_the_judge_of_a_run_has_the_whole_prices_and_headers(shop: Shop) -> None:
    price = "read = 3.0\nwritten = 15.0\ncached = 0.3\nstored = 3.75\nlong_from = 200000\nlong_read = 6.0\nlong_written = 22.5\n"
    with (shop.workshop / "prompts.toml").open("a") as file:
        file.write(f'\n[prices."openrouter:some/model"]\n{price}\n[openrouter]\nsite_url = "https://example.org"\n')
    made = instrument.parse(tomllib.loads((laid_out(shop) / runs.JUDGE).read_text()), runs.JUDGE)
    assert made.prices == known(shop).prices
    assert made.prices["openrouter:some/model"].stored == 3.75
    assert made.endpoints["openrouter"].headers == (("HTTP-Referer", "https://example.org"),)


def test_a_day_without_a_cap_is_one_for_the_judge_of_a_run_too(shop: Shop) -> None:
    path = shop.workshop / "prompts.toml"
    path.write_text(f'max_usd_per_day = "none"\n{path.read_text()}')
    assert instrument.parse(tomllib.loads((laid_out(shop) / runs.JUDGE).read_text()), runs.JUDGE).max_usd_per_day == NONE


def test_forgetting_reaches_what_a_run_has_frozen(shop: Shop) -> None:
    folder = laid_out(shop)
    assert app.run(["prompts", "forget", "--before", "2100-01-01"]) == 0
    assert not any((folder / name).read_text() for name in (runs.READ, runs.SELECT, runs.CONFIRM))


def test_cases_that_confirmed_twenty_times_are_spent_and_new_ones_take_their_place(shop: Shop) -> None:
    cases = preparing.prepared(known(shop), QUALITY, 0, world.NOW).confirm
    with opened(database(known(shop)), write=True) as store:
        pools.remember(store, QUALITY, {case.name: (PLANNED, 0, 0) for case in cases})
    assert found(shop)["state"] == "spent"
    more = world.traces(200, seed=1)
    world.write_traces(shop.home / ".config/dotclaw/traces/b.jsonl", *({**one, "user_id": f"new {one['user_id']}"} for one in more))
    assert app.run(["ingest"]) == 0
    now = found(shop)
    assert (now["state"], now["uses"]) == ("planned", 0)
    assert not {case.name for case in preparing.prepared(known(shop), QUALITY, 0, world.NOW).confirm} & {case.name for case in cases}


def test_the_records_know_the_uses_of_a_workshop_that_is_gone(shop: Shop) -> None:
    cases = preparing.prepared(known(shop), QUALITY, 0, world.NOW).confirm
    with opened(database(known(shop)), write=True) as store:
        pools.remember(store, QUALITY, {case.name: (3, 1, 0) for case in cases})
    assert found(shop)["uses"] == 3
    folder = laid_out(shop)
    assert runs.read_run(folder).uses == 3
    repository = git.discover(shop.workshop)
    assert repository is not None
    counts = pools.counted(repository, QUALITY)
    assert set(counts.values()) == {(3, 1, 0)}
    assert pools.together(counts, {cases[0].name: (2, 0, 1)})[cases[0].name] == (3, 1, 1)


def test_a_case_that_somebody_saw_confirms_no_more(shop: Shop) -> None:
    cases = preparing.prepared(known(shop), QUALITY, 0, world.NOW).confirm
    with opened(database(known(shop)), write=True) as store:
        pools.remember(store, QUALITY, {cases[0].name: (1, 0, 1)})
    assert cases[0] not in preparing.prepared(known(shop), QUALITY, 0, world.NOW).confirm


def test_a_canary_is_waited_for_and_its_time_does_not_confirm(shop: Shop) -> None:
    target = canaries.target_of(known(shop), QUALITY)
    target.places["canary"].parent.mkdir(parents=True, exist_ok=True)
    main = shop.pack("main")
    proposal = canaries.Proposal("salt", packs.version_of(main), "c", "m", None, None, proven=False, evidence="", share=0.5)
    with deploying.opened(target, "test", world.NOW) as rollout:
        snapshot = rollout.keep(packs.rendered(main).encode())
        rollout.change({"canary": snapshot}, canaries.BEGUN, world.NOW - 1, encode(proposal))
    assert found(shop)["state"] == "canary"
    with deploying.opened(target, "test", world.NOW) as rollout:
        rollout.change({"canary": None}, canaries.TAKEN_BACK, world.NOW + world.DAY, {})
    assert found(shop)["state"] == "too few"


def test_protected_passages_are_those_that_the_pack_names(shop: Shop) -> None:
    path = shop.workshop / f"packs/{QUALITY}.json"
    said = json.loads(path.read_text())
    said["instructions"] += " Never lie."
    path.write_text(json.dumps({**said, "metadata": {"protected": ["Never lie."]}}))
    shop.git("commit", "-qam", "Protected")
    assert runs.read_run(laid_out(shop)).protected == ("Never lie.",)


def test_a_workshop_without_the_pack_is_refused(shop: Shop) -> None:
    shop.git("rm", "-q", f"packs/{QUALITY}.json")
    shop.git("commit", "-qm", "Gone")
    with pytest.raises(AutotuneError, match="has no packs"):
        found(shop)
    (shop.workshop / "packs").mkdir(exist_ok=True)
    (shop.workshop / f"packs/{QUALITY}.json").write_text("{}")
    shop.git("add", "-A")
    shop.git("commit", "-qm", "Broken")
    with pytest.raises(AutotuneError, match="is no pack"):
        found(shop)


def test_without_a_workshop_it_is_refused() -> None:
    with pytest.raises(AutotuneError, match="no workshop"):
        optimizing.optimize(settings.read(None, {}), QUALITY, world.NOW)


def spent(run: runs.Run) -> int:
    """How many calls a run has made."""
    spending = Spending()
    try:
        return spending.spent(f"run {run.name}").calls
    finally:
        spending.close()


def checked(shop: Shop, folder: Path, instructions: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """What the checks of a session say of a pack: of what it may not say, and of slices."""
    (shop.home / "packs").mkdir(exist_ok=True)
    (shop.home / f"packs/{QUALITY}.json").write_text(packs.rendered(packs.Pack(QUALITY, instructions)))
    monkeypatch.chdir(shop.home)
    return app.run(["prompts", "check-pack", str(folder)]), app.run(["prompts", "check-slices", str(folder)])


def test_a_pack_that_is_worse_in_a_slice_fails_and_no_call_is_made_for_that(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    world.install(shop.home / "world.py", phrases={"Shout.": -0.3}, noise=0.05)
    folder = laid_out(shop)
    base = shop.pack("main").instructions
    assert checked(shop, folder, f"{base} Shout.", monkeypatch) == (0, 0)  # nothing is known of it yet
    run = runs.read_run(folder)
    for path in (folder / runs.BASE, shop.home / f"packs/{QUALITY}.json"):
        bench = judging.opened(folder / runs.JUDGE, path)
        with Models(judging.terms(bench)) as models:
            assert all(one.judgement.score is not None for cases in run.slices.values() for one in judging.judged(bench, models, cases))
    before = spent(run)
    assert checked(shop, folder, f"{base} Shout.", monkeypatch) == (0, 1)
    assert checked(shop, folder, base, monkeypatch) == (0, 0)
    assert spent(run) == before


def test_a_pack_that_says_what_it_may_not_fails_its_checks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = laid_out(shop)
    request = json.loads((folder / runs.CONFIRM).read_text().splitlines()[0])["trace"]["input"]
    assert checked(shop, folder, f"Answer. {request}", monkeypatch)[0] == 1
    (shop.home / f"packs/{QUALITY}.json").write_text("{}")
    assert app.run(["prompts", "check-pack", str(folder)]) == 1
    assert app.run(["prompts", "check-pack", str(shop.home)]) == 1


def test_gepa_searches_within_a_run_s_own_caps(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    on = settings.read(shop.workshop / "prompts.toml", {"AUTOTUNE_OPTIMIZE_ENGINE": "gepa"})
    from autotune.prompts.terms import terms

    folder = preparing.lay_out(on, QUALITY, preparing.prepared(on, QUALITY, 0, world.NOW), 0, world.NOW, terms(on, "x"))
    worker = shop.home / "worker.py"
    worker.write_text(PROGRAM.replace('"a"', '"instructions"'))
    monkeypatch.setattr(engines, "WORKER", worker)
    monkeypatch.setattr(engines, "python_of", lambda *_, **__: sys.executable)
    run, bench = searching.opened(folder)
    with Models(judging.terms(bench)) as models:
        desk = searching.desk(folder, models, run, bench)
        search = searching.searched(desk)
        assert models.spending.spent(f"run {run.name}").calls <= 250
    assert (run.engine, run_folders.read_search(folder)) == ("gepa", search)
    assert search.candidates[0].scores
