"""What is asked, once or again, what it costs, and what is held back: with functions in the models' place, and real files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Barrier

import pytest
from tests.models.service import asked, models_in, rows

from autotune.core.asking.breaking import FAILURES
from autotune.core.asking.costs import Cost, Sure
from autotune.core.asking.failing import Failure, Why
from autotune.core.asking.limits import Limits
from autotune.core.asking.prices import Price, price_of
from autotune.core.asking.request import Reply, Request, Stop, Usage
from autotune.errors import AutotuneError
from autotune.models import asking, spending
from autotune.models.answers import Answers
from autotune.models.asking import Models, Terms
from autotune.models.script import Script
from autotune.models.spending import Spending

LIBRARY = Path(asking.__file__).parents[2]
SCORE = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}
DOLLAR = Price(1_000_000.0, 0.0)  # a token that is read costs a dollar


class Scripted:
    """A function that gives one thing after the other, the last of them for good."""

    def __init__(self, *replies: str | Reply | Failure) -> None:
        self.replies = list(replies)
        self.asked: list[Request] = []

    def __call__(self, request: Request, _: Random) -> str | Reply | Failure:
        self.asked.append(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def models(folder: Path, script: Script, **terms: object) -> Models:
    return models_in(folder, replace(Terms("a run", scripts={"it": script}), **terms))  # type: ignore[arg-type]


def test_an_answer_says_what_it_took(tmp_path: Path) -> None:
    script = Scripted(Reply("Because.", Usage(3, 2)))
    with models(tmp_path, script, prices={"it": DOLLAR}) as made:
        answer = made.ask(asked("script:it"))
    assert (answer.text, answer.failure, answer.calls) == ("Because.", None, 1)
    assert answer.cost == Cost(Usage(3, 2), 3.0, Sure.EXACT)
    assert rows(tmp_path, "run, model, purpose, hash, why, read, written, usd, sure") == [
        ("a run", "script:it", "test", answer.hash, None, 3, 2, 3.0, "exact")
    ]


@pytest.mark.parametrize("why", [Why.BUSY, Why.BROKEN, Why.NETWORK, Why.SLOW, Why.CONFLICT])
def test_what_may_pass_is_tried_again(tmp_path: Path, why: Why) -> None:
    with models(tmp_path, script := Scripted(Failure(why), "yes")) as made:
        answer = made.ask(asked("script:it"))
    assert (answer.text, answer.failure, len(script.asked)) == ("yes", None, 2)
    assert [row[0] for row in rows(tmp_path, "why")] == [why, None]


@pytest.mark.parametrize("why", [Why.KEY, Why.REFUSED, Why.DECLINED, Why.GARBLED, Why.FAILED])
def test_what_does_not_pass_is_tried_once(tmp_path: Path, why: Why) -> None:
    with models(tmp_path, script := Scripted(Failure(why), "yes")) as made:
        answer = made.ask(asked("script:it"))
    assert answer.failure is not None
    assert (answer.failure.why, len(script.asked)) == (why, 1)


def test_a_refused_key_is_not_tried_with_the_next_question_either(tmp_path: Path) -> None:
    with models(tmp_path, script := Scripted(Failure(Why.KEY, status=401)), concurrency=1) as made:
        answers = made.ask_all(asked("script:it", f"{number}") for number in range(5))
    assert [one.failure.why for one in answers if one.failure] == [Why.KEY, *[Why.RESTING] * 4]
    assert len(script.asked) == 1


def test_tries_end(tmp_path: Path) -> None:
    with models(tmp_path, script := Scripted(Failure(Why.BUSY)), tries=2) as made:
        assert made.ask(asked("script:it")).calls == 2
    assert len(script.asked) == 2


def test_what_the_service_asks_for_is_waited_for_and_not_longer_than_the_deadline(tmp_path: Path) -> None:
    with models(tmp_path, Scripted(Failure(Why.BUSY, retry_after_s=0.8), "yes")) as made:
        begun = time.monotonic()
        assert made.ask(asked("script:it")).text == "yes"
        assert time.monotonic() - begun >= 0.8
    with models(tmp_path, script := Scripted(Failure(Why.BUSY, retry_after_s=60), "yes"), deadline_s=5) as made:
        begun = time.monotonic()
        answer = made.ask(asked("script:it", "another"))
    assert answer.failure is not None
    assert (answer.failure.why, len(script.asked)) == (Why.BUSY, 1)
    assert time.monotonic() - begun < 3


def test_a_service_that_is_down_is_left_alone(tmp_path: Path) -> None:
    with models(tmp_path, script := Scripted(Failure(Why.BROKEN)), tries=1, concurrency=1) as made:
        answers = made.ask_all(asked("script:it", f"{number}") for number in range(FAILURES + 3))
    assert len(script.asked) == FAILURES
    assert [one.failure.why for one in answers[-3:] if one.failure] == [Why.RESTING] * 3
    assert len(rows(tmp_path, "id")) == FAILURES


def test_an_answer_in_another_shape_is_mended_once(tmp_path: Path) -> None:
    with models(tmp_path, script := Scripted("a good one", '{"score": 0.5}')) as made:
        answer = made.ask(asked("script:it", schema=SCORE))
    assert (answer.value, answer.failure, answer.calls) == ({"score": 0.5}, None, 2)
    assert [one.role for one in script.asked[1].messages] == ["user", "assistant", "user"]


@pytest.mark.parametrize("text", ["no idea", '{"score": "high"}', '{"score": 1', ""])
def test_what_cannot_be_mended_is_no_answer_and_never_zero(tmp_path: Path, text: str) -> None:
    with models(tmp_path, script := Scripted(text)) as made:
        answer = made.ask(asked("script:it", schema=SCORE))
        again = made.ask(asked("script:it", schema=SCORE))
    assert answer.failure is not None
    assert (answer.failure.why, answer.value) == (Why.MISSHAPEN, None)
    assert len(script.asked) == 4, "twice, and as often when it is asked later"
    assert again.from_cache is False


@pytest.mark.parametrize(("stop", "why"), [(Stop.LENGTH, Why.CUT_OFF), (Stop.DECLINED, Why.DECLINED)])
def test_an_answer_that_is_cut_off_or_declined_is_none(tmp_path: Path, stop: Stop, why: Why) -> None:
    with models(tmp_path, Scripted(Reply("Beca", Usage(1, 1), stop))) as made:
        answers = [made.ask(asked("script:it")), made.ask(asked("script:it", schema=SCORE))]
    assert [one.failure.why for one in answers if one.failure] == [why, why]


def test_the_same_question_is_asked_once(tmp_path: Path) -> None:
    script = Scripted("one", "two", "three")
    with models(tmp_path, script) as made:
        first, second = made.ask(asked("script:it")), made.ask(asked("script:it"))
        other, fresh = made.ask(asked("script:it", sample=1)), replace(made.terms, cached=False)
    assert [first.text, second.text, other.text] == ["one", "one", "two"]
    assert (second.from_cache, second.calls, second.cost.usd) == (True, 0, 0)
    with models_in(tmp_path, fresh) as made:
        assert made.ask(asked("script:it")).text == "three"
    with models(tmp_path, script) as made:
        assert made.ask(asked("script:it")).text == "one", "also after a restart"


def test_the_cache_can_be_forgotten_and_a_broken_one_is_none(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "answers.db")
    answers.keep("a", Reply("x", Usage(1, 2), Stop.END, {"b": 1}, 0.5))
    assert answers.find("a") == Reply("x", Usage(1, 2), Stop.END, {"b": 1}, 0.5)
    assert answers.forget() == 1
    assert answers.find("a") is None
    answers.close()
    (tmp_path / "answers.db").write_bytes(b"x" * 5000)
    broken = Answers(tmp_path / "answers.db")
    broken.keep("a", Reply("x"))
    assert broken.find("a") is None
    assert broken.forget() == 0
    broken.close()


def test_answers_come_in_the_order_of_the_questions_and_no_more_at_once_than_allowed(tmp_path: Path) -> None:
    under_way, most, lock = 0, 0, threading.Lock()

    def slow(request: Request, chance: Random) -> str:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.02 * chance.random())
        with lock:
            under_way -= 1
        return request.messages[0].text

    with models(tmp_path, slow, concurrency=3) as made:
        texts = [one.text for one in made.ask_all(asked("script:it", f"{number}") for number in range(20))]
    assert texts == [f"{number}" for number in range(20)]
    assert most == 3


def test_chance_depends_on_the_seed_and_the_question(tmp_path: Path) -> None:
    def drawn(seed: int, text: str) -> str:
        with models(tmp_path, lambda _, chance: f"{chance.random()}", seed=seed, cached=False) as made:
            return made.ask(asked("script:it", text)).text

    assert drawn(1, "a") == drawn(1, "a")
    assert len({drawn(1, "a"), drawn(2, "a"), drawn(1, "b")}) == 3


@pytest.mark.parametrize(
    ("limits", "why", "calls"), [(Limits(calls=3), Why.CALLS, 3), (Limits(tokens=25), Why.TOKENS, 3), (Limits(usd=25.0), Why.MONEY, 3)]
)
@pytest.mark.parametrize("scope", ["per_run", "per_day"])
def test_a_cap_ends_the_calls_and_is_kept_over_a_restart(tmp_path: Path, limits: Limits, why: Why, calls: int, scope: str) -> None:
    script, answers = Scripted(Reply("x", Usage(10, 0))), []
    for _ in range(2):
        with models(tmp_path, script, prices={"it": DOLLAR}, cached=False, **{scope: limits}) as made:
            answers = [made.ask(asked("script:it", max_tokens=1)) for _ in range(5)]
    assert len(script.asked) == calls
    assert {one.failure.why for one in answers if one.failure} == {why}


def test_a_day_counts_all_runs_and_a_run_its_own(tmp_path: Path) -> None:
    script = Scripted("x")
    for name, wanted in (("one", 2), ("two", 3)):
        with models(tmp_path, script, cached=False, per_run=Limits(calls=2), per_day=Limits(calls=3), run=name) as made:
            for _ in range(4):
                made.ask(asked("script:it"))
        assert len(script.asked) == wanted


def test_retries_and_mending_count_as_calls(tmp_path: Path) -> None:
    with models(tmp_path, script := Scripted(Failure(Why.BUSY), "no", "no"), per_run=Limits(calls=2)) as made:
        answer = made.ask(asked("script:it", schema=SCORE))
    assert len(script.asked) == 2
    assert answer.failure is not None
    assert answer.failure.why is Why.CALLS


def test_many_at_once_pass_a_cap_by_one_call_at_most(tmp_path: Path) -> None:
    def slow(_: Request, chance: Random) -> Reply:
        time.sleep(0.005 * chance.random())
        return Reply("x", Usage(chance.randint(1, 50), 0))

    with models(tmp_path, slow, prices={"it": DOLLAR}, concurrency=8, cached=False, per_run=Limits(usd=300.0)) as made:
        answers = made.ask_all(asked("script:it", f"{number}") for number in range(60))
        spent = made.spending.spent("run a run")
    assert 300.0 <= spent.usd < 350.0
    assert sum(one.failure is None for one in answers) == spent.calls


def test_a_free_model_that_says_what_it_costs_passes_a_cap_by_one_call_at_most(tmp_path: Path) -> None:
    def slow(_: Request, chance: Random) -> Reply:
        time.sleep(0.005 * chance.random())
        return Reply("x", Usage(1, 0), usd=10.0)

    with models(tmp_path, slow, concurrency=8, cached=False, per_run=Limits(usd=35.0)) as made:
        made.ask_all(asked("script:it", f"{number}") for number in range(20))
        assert made.spending.spent("run a run").usd == 40.0


def test_a_free_model_that_says_nothing_of_costs_is_asked_several_times_at_once(tmp_path: Path) -> None:
    together = Barrier(2, timeout=60)

    def meets(request: Request, _: Random) -> str:
        if request.messages[0].text != "first":
            together.wait()
        return "x"

    with models(tmp_path, meets, cached=False, per_run=Limits(usd=35.0)) as made:
        made.ask(asked("script:it", "first"))
        answers = made.ask_all(asked("script:it", f"{number}") for number in range(2))
    assert [one.failure for one in answers] == [None, None]


PROCESS = """
import sys, time
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from tests.models.service import asked, models_in
from autotune.core.asking.limits import Limits
from autotune.core.asking.prices import Price
from autotune.core.asking.request import Reply, Usage
from autotune.models.asking import Terms

def slow(request, chance):
    time.sleep(0.01 * chance.random())
    return Reply("x", Usage(10, 0))

prices = {"it": Price(1_000_000.0, 0.0)}
terms = Terms("a run", per_day=Limits(usd=200.0), scripts={"it": slow}, prices=prices, cached=False, concurrency=3)
with models_in(Path(sys.argv[3]), terms) as made:
    answers = made.ask_all(asked("script:it", f"{number}") for number in range(20))
print(sum(one.failure is None for one in answers))
"""


def test_two_processes_at_once_share_a_cap(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROCESS, str(LIBRARY), str(LIBRARY.parent), str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answered = [int(one.communicate(timeout=60)[0]) for one in both]
    found = Spending(tmp_path / "models.db")
    spent = found.spent(f"day {rows(tmp_path, 'day')[0][0]}")
    found.close()
    assert sum(answered) == spent.calls == 20, "20 calls of 10 dollars each"
    assert spent.usd == 200.0


KILLED = """
import sys, time
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from tests.models.service import asked, models_in
from autotune.core.asking.prices import Price
from autotune.models.asking import Terms

def endless(request, chance):
    print("asked", flush=True)
    time.sleep(60)

terms = Terms("a run", scripts={"it": endless}, prices={"it": Price(1_000_000.0, 0.0)})
models_in(Path(sys.argv[3]), terms).ask(asked("script:it", max_tokens=7))
"""


def test_a_call_whose_process_was_killed_counts_as_the_most_that_it_could_take(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(LIBRARY), str(LIBRARY.parent), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        found = Spending(tmp_path / "models.db")
        assert found.spent("run a run").under_way == 1
        os.kill(process.pid, signal.SIGKILL)
    spent = found.spent("run a run")
    found.close()
    assert (spent.calls, spent.under_way, spent.tokens) == (1, 0, 4 + 7 + 2 * 64)
    assert rows(tmp_path, "why, sure") == [("failed", "at most")]


@pytest.mark.parametrize(
    ("failure", "cost"),
    [
        (Failure(Why.REFUSED, status=400), Cost(Usage(), 0.0, Sure.EXACT)),
        (Failure(Why.GARBLED, may_cost=True, usage=Usage(5, 1)), Cost(Usage(5, 1), 5.0, Sure.EXACT)),
        (Failure(Why.FAILED, usd=0.25), Cost(None, 0.25, Sure.EXACT)),
    ],
)
def test_what_failed_has_its_cost_too(tmp_path: Path, failure: Failure, cost: Cost) -> None:
    with models(tmp_path, Scripted(failure), prices={"script:it": DOLLAR}) as made:
        assert made.ask(asked("script:it")).cost == cost
    assert rows(tmp_path, "usd, sure") == [(cost.usd, str(cost.sure))]


def test_a_price_that_was_set_wins_over_what_the_backend_says(tmp_path: Path) -> None:
    said = Scripted(Reply("x", Usage(2, 0), usd=0.5))
    with models(tmp_path, said) as made:
        assert made.ask(asked("script:it")).cost.usd == 0.5
    with models(tmp_path, said, prices={"it": DOLLAR}, cached=False) as made:
        assert made.ask(asked("script:it")).cost.usd == 2.0


def test_shipped_prices_can_be_read_and_say_where_they_stood() -> None:
    prices = asking.shipped_prices()
    assert price_of("anthropic/claude-haiku-4-5-20251001", prices) == prices["claude-haiku-4-5"]
    assert all(one.source.startswith("https://") and one.date for one in prices.values())
    assert all(0 < one.read <= one.written for one in prices.values())


def test_real_calls_are_forbidden_where_the_switch_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with models(tmp_path, Scripted("yes")) as made:
        for name in ("openai:x", "anthropic:x", "ollama:x", "claude:haiku", "command:true"):
            with pytest.raises(AutotuneError, match=asking.FORBIDDING):
                made.ask(asked(name))
        assert made.ask(asked("script:it")).text == "yes"
    assert len(rows(tmp_path, "id")) == 1


def test_without_a_key_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(asking.FORBIDDING)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with models(tmp_path, Scripted("yes")) as made, pytest.raises(AutotuneError, match="OPENAI_API_KEY"):
        made.ask(asked("openai:x"))


def test_a_cap_on_money_needs_a_price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(asking.FORBIDDING)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with models(tmp_path, Scripted("yes"), per_day=Limits(usd=1.0)) as made, pytest.raises(AutotuneError, match="price"):
        made.ask(asked("openai:of-nobody"))


def test_what_echoes_says_the_question_or_the_smallest_value(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "minimum": 3},
            "b": {"enum": ["x", "y"]},
            "c": {"type": "array", "items": {"type": ["string", "null"], "minLength": 2}, "minItems": 1},
            "d": {"type": "array"},
            "e": {"type": "boolean"},
        },
        "required": ["a", "b", "c", "e"],
    }
    with models(tmp_path, Scripted("")) as made:
        assert made.ask(asked("script:echo", "Hello")).text == "Hello"
        assert made.ask(asked("script:echo", schema=schema)).value == {"a": 3, "b": "x", "c": ["xx"], "e": False}
        assert made.ask(
            asked("script:echo", schema={"type": "object", "properties": {"d": {"type": "array"}}, "required": ["d"]})
        ).value == {"d": []}
        with pytest.raises(AutotuneError, match="nobody"):
            made.ask(asked("script:nobody"))
    assert rows(tmp_path, "usd, sure")[-1] == (0.0, "exact")


def test_a_bug_in_a_script_is_raised_and_counted(tmp_path: Path) -> None:
    def broken(_: Request, __: Random) -> str:
        raise ZeroDivisionError

    with models(tmp_path, broken) as made, pytest.raises(ZeroDivisionError):
        made.ask_all([asked("script:it")])
    assert rows(tmp_path, "why") == [("failed",)]


def test_a_file_of_a_newer_autotune_or_none_is_refused(tmp_path: Path) -> None:
    made = Spending(tmp_path / "models.db")
    made._file.execute(f"PRAGMA user_version = {spending.VERSION + 1}")
    made.close()
    with pytest.raises(AutotuneError, match="newer"):
        Spending(tmp_path / "models.db")
    (tmp_path / "other.db").write_bytes(b"no database" * 100)
    with pytest.raises(AutotuneError, match=r"other\.db"):
        Spending(tmp_path / "other.db")


def test_the_file_is_private_and_a_second_end_changes_nothing(tmp_path: Path) -> None:
    made = Spending(tmp_path / "models.db")
    assert made.path.stat().st_mode & 0o777 == 0o600
    with models_in(tmp_path, Terms("a run")) as other:
        other.ask(asked("script:echo"))
    before = made.spent("run a run")
    made.end(spending.Ticket(1, "a run", rows(tmp_path, "day")[0][0]), Cost(Usage(9, 9), 9.0, Sure.EXACT), None, 1.0)
    assert made.spent("run a run") == before
    with pytest.raises(ZeroDivisionError), made._transaction():
        raise ZeroDivisionError
    assert made.spent("run another").calls == 0
    made.close()


def test_asking_imports_no_sdk_and_a_base_command_does_not_import_models() -> None:
    program = "import sys; sys.path.insert(0, sys.argv[1]); import autotune.models.asking; print(*sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-I", "-c", program, str(LIBRARY)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"openai", "anthropic", "pydantic", "httpx"}.isdisjoint(imported)
    base = textwrap.dedent(
        """
        import sys; sys.path.insert(0, sys.argv[1])
        from autotune.commands import app, status_
        print(*sys.modules)
        """
    )
    imported = subprocess.run([sys.executable, "-I", "-c", base, str(LIBRARY)], capture_output=True, text=True, check=True).stdout.split()
    assert not [one for one in imported if one.startswith("autotune.models")]


def test_a_cassette_gives_what_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-that-is-secret")
    tape = tmp_path / "tapes" / "one.jsonl"
    with models(tmp_path, Scripted("Because\u2028of a-key-that-is-secret."), record_to=tape) as made:
        made.ask(asked("script:it"))
    with models_in(tmp_path, Terms("a run")) as made:
        answer = made.ask(asked(f"cassette:{tape}"))
        with pytest.raises(AutotuneError, match=r"line 1.*messages\[0\].text, character 2"):
            made.ask(asked(f"cassette:{tape}", "Whither?"))
    assert answer.text == "Because\u2028of [OPENAI_API_KEY]."
    assert answer.cost.usd == 0
    assert json.loads(tape.read_text())["model"] == "script:it"


def test_nothing_is_recorded_in_ci_and_a_bad_cassette_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with models(tmp_path, Scripted("x"), record_to=tmp_path / "one.jsonl") as made, pytest.raises(AutotuneError, match="CI"):
        made.ask(asked("script:it"))
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "bad.jsonl").write_text("{}\n")
    with models_in(tmp_path, Terms("a run")) as made:
        for name, said in (("empty.jsonl", "empty"), ("bad.jsonl", "Line 1"), ("none.jsonl", "cannot be read")):
            with pytest.raises(AutotuneError, match=said):
                made.ask(asked(f"cassette:{tmp_path / name}"))


OPENS = "import sys; from pathlib import Path; from autotune.models.spending import Spending; Spending(Path(sys.argv[1])).close()"


def test_a_second_look_of_a_process_does_not_let_others_take_its_file_away(tmp_path: Path) -> None:
    path = tmp_path / "models.db"
    first = Spending(path)
    first.spent("day x")
    Spending(path).close()
    subprocess.run([sys.executable, "-c", OPENS, str(path)], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert path.with_name("models.db-wal").exists()
    first.close()
