"""Put the questions of this run to the application, eight at a time: a score, a price and the answer for each."""

import os
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import model
from application import answer

COUNT = 150
PRICE_USD = 0.00002  # of a token


def question(case: str) -> tuple[str, str]:
    """A question by its id, and the right answer."""
    chosen = random.Random(case)
    first, second = chosen.randint(10, 99), chosen.randint(10, 99)
    return f"The shop has {first} lamps and {second} chairs. How many things is that?", str(first + second)


def asked(address: str, case: str) -> list[str]:
    text, right = question(case)
    try:
        said, tokens = answer(address, text)
    except OSError as problem:
        return [f"UNSCORED score[{case}] the model does not answer: {problem}"]
    Path(os.environ["AUTOTUNE_CASE_OUTPUT"], f"{case}.txt").write_text(f"{text}\nsaid {said}, right is {right}\n")
    return [f"METRIC score[{case}]={int(said == right)}", f"METRIC cost_usd[{case}]={tokens * PRICE_USD:.6f}"]


def main() -> None:
    server, address = model.start()
    print(f"CONTEXT model={model.NAME}")
    cases = Path(os.environ["AUTOTUNE_CASES"]).read_text().split()
    with ThreadPoolExecutor(8) as pool:
        for lines in pool.map(lambda case: asked(address, case), cases):
            print("\n".join(lines))
    server.shutdown()


if sys.argv[1:] == ["--list"]:
    print("\n".join(f"q{number}" for number in range(1, COUNT + 1)))
else:
    main()
