"""Which lines set a seed, and when a change sets it otherwise."""

from __future__ import annotations

import pytest

from autotune.core.trust.seeds import LONGEST_SHOWN, reseeded, seeds

FIXED = [
    "SEED = 42",
    "seed: 42",
    '  "seed": 42,',
    "random.seed(42)",
    "np.random.seed(seed=42)",
    "torch.manual_seed(0x2a)",
    "torch.Generator().manual_seed(1)",
    "srand(42);",
    "srand48(42);",
    "set.seed(42)",
    "Random.seed!(42)",
    "rng = np.random.default_rng(42)",
    "rng = random.Random(42)",
    "var r = new Random(42);",
    "r = Random.new(42)",
    "r := rand.New(rand.NewSource(42))",
    "let mut rng = StdRng::seed_from_u64(42);",
    "std::mt19937 gen(42);",
    "std::mt19937_64 gen{42};",
    "key = jax.random.PRNGKey(0)",
    "const SEED: u64 = 42;",
    "def train(seed: int = 42):",
    "const kSeed = 42;",
    "#define SEED 42",
    "python train.py --seed 42",
    "python train.py --seed=42",
    '["train.py", "--seed", "42"]',
    'parser.add_argument("--seed", type=int, default=42)',
    'seed = os.environ.get("SEED", 42)',
    'echo "${SEED:-1}"',
    "export PYTHONHASHSEED=0",
    "KMeans(8, random_state=42)",
    "seeds = [1, 2, 3]",
    "seedrandom('hello')",
    "seed = -1  # any will do",
]


@pytest.mark.parametrize("line", FIXED)
def test_a_literal_beside_a_name_of_a_seed_is_a_fixed_seed(line: str) -> None:
    assert any(one.fixed for one in seeds(f"first\n{line}\n")), seeds(line)
    assert {one.line for one in seeds(f"first\n{line}\n")} == {2}


@pytest.mark.parametrize("line", ["random.seed(SEED)", "seed = int(time.time())", 'run --seed "$SEED"', "rng = random.Random(seed)"])
def test_a_seed_that_comes_from_elsewhere_is_none_that_is_fixed(line: str) -> None:
    assert not any(one.fixed for one in seeds(line))


@pytest.mark.parametrize(
    "line", ["LR = 0.1", "x = random.random() * 3", "proceed = 42", "if seed == 42:", "for seed in range(5):", "Math.random()", "seed = "]
)
def test_other_lines_set_no_seed(line: str) -> None:
    assert not any(one.fixed for one in seeds(line))


@pytest.mark.parametrize("line", [one for one in FIXED if "42" in one])
def test_another_number_there_is_another_seed(line: str) -> None:
    found = reseeded(f"a = 1\n{line}\n", f"a = 1\nb = 2\n{line.replace('42', '7')}\n")
    assert found is not None
    assert (found.line, found.text) == (3, line.replace("42", "7").strip())


def test_a_seed_in_a_list_of_words_is_none() -> None:
    assert reseeded("Pitch decks.", "Pitch decks for seed, angel and series rounds.") is None


def test_a_seed_that_is_set_for_the_first_time_or_no_more_or_from_elsewhere_is_another() -> None:
    assert reseeded("", "random.seed(7)\n") is not None
    assert reseeded("x = 1\nrandom.seed(7)\n", "x = 1\n") == seeds("\nrandom.seed(7)")[0]
    assert reseeded("random.seed(SEED)\n", "random.seed(SEED + 1)\n") is not None
    assert reseeded("seeds = [1, 2, 3]\n", "seeds = [1, 2, 4]\n") is not None


def test_what_stands_beside_a_seed_or_moves_it_sets_no_other() -> None:
    assert reseeded("fit(lr=0.1, seed=42)  # first\n", "\nfit(lr=0.2, seed=42)  # then\n") is None
    assert reseeded("a = 1\n", "a = 2\n") is None


def test_a_long_line_is_shown_in_short() -> None:
    assert len(seeds("seed = 1 " + "+ 1 " * 100)[0].text) == LONGEST_SHOWN
    assert not seeds("seed = 1 " + "+ 1 " * 1000)
