"""What masks find of a labelled set, and what they take for a secret that is none: ours, and packages where they are installed.

    python tests/benchmarks/masking.py

The set is tests/core/records/maskable.py. A secret counts as found where no six characters in a row of it are left. To compare, run this
with a Python that has detect-secrets, scrubadub or presidio-analyzer. Of presidio the recognisers that go by patterns are asked, for
English, with no model of a language. Prints a table in Markdown.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from tests.core.records.maskable import GAPS, PLAIN, SECRETS  # noqa: E402 - found only now

from autotune.core.records.masking import masked  # noqa: E402

Mask = Callable[[str], str]
LEFT = 6  # characters of a secret that give it away


def main() -> None:
    """Measure, and print the table."""
    masks = dict(_masks())
    kinds = list(dict.fromkeys(one.kind for one in SECRETS))
    found = {name: _found(mask) for name, mask in masks.items()}
    print(f"| what | {' | '.join(masks)} |\n|---|{'---|' * len(masks)}")
    totals = Counter(one.kind for one in SECRETS)
    for kind in kinds:
        print(f"| {kind} | {' | '.join(f'{found[name][kind]} of {totals[kind]}' for name in masks)} |")
    print(f"| all of these | {' | '.join(f'{found[name].total()} of {len(SECRETS)}' for name in masks)} |")
    print(f"| what we leave (names, addresses) | {' | '.join(f'{_gaps(mask)} of {len(GAPS)}' for mask in masks.values())} |")
    print(f"| texts without a secret that are changed | {' | '.join(f'{_changed(mask)} of {len(PLAIN)}' for mask in masks.values())} |")
    print(f"| milliseconds a text (about 100 characters) | {' | '.join(f'{_ms(mask):.3f}' for mask in masks.values())} |")


def _masks() -> Iterator[tuple[str, Mask]]:
    yield "ours", lambda text: masked(text)[0]
    if find_spec("detect_secrets"):
        yield "detect-secrets", _detect_secrets()
    if find_spec("scrubadub"):
        yield "scrubadub", _scrubadub()
    if find_spec("presidio_analyzer"):
        yield "presidio", _presidio()


def _detect_secrets() -> Mask:
    from detect_secrets import SecretsCollection  # type: ignore[import-not-found]
    from detect_secrets.settings import default_settings  # type: ignore[import-not-found]

    def mask(text: str) -> str:
        """It looks at files, with filters that it does not use on lines alone."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file, default_settings():
            file.write(text)
            file.flush()
            found = SecretsCollection()
            found.scan_file(file.name)
        values = [secret.secret_value for _, secret in found if secret.secret_value]
        for value in sorted(values, key=len, reverse=True):
            text = text.replace(value, "*")
        return text

    return mask


def _scrubadub() -> Mask:
    import scrubadub  # type: ignore[import-not-found]

    scrubber = scrubadub.Scrubber()
    return lambda text: str(scrubber.clean(text))


def _presidio() -> Mask:
    import presidio_analyzer.predefined_recognizers as predefined  # type: ignore[import-not-found]
    from presidio_analyzer import PatternRecognizer

    made = []
    for name in dir(predefined):
        kind = getattr(predefined, name)
        if isinstance(kind, type) and issubclass(kind, PatternRecognizer) and kind is not PatternRecognizer:
            try:
                one = kind()
            except (TypeError, ValueError, ImportError):
                continue
            if one.supported_language == "en":
                made.append(one)
    phones = getattr(predefined, "PhoneRecognizer", None)
    made += [phones()] if phones else []

    def mask(text: str) -> str:
        spots: list[Any] = [spot for one in made for spot in one.analyze(text, one.supported_entities, None) or []]
        for spot in sorted((spot for spot in spots if spot.score >= 0.4), key=lambda spot: -spot.start):
            text = text[: spot.start] + "*" + text[max(spot.end, spot.start) :]
        return text

    return mask


def _gone(secret: str, text: str) -> bool:
    parts = [secret[at : at + LEFT] for at in range(max(1, len(secret) - LEFT + 1))]
    return not any(part in text for part in parts)


def _found(mask: Mask) -> Counter[str]:
    return Counter(one.kind for one in SECRETS if one.secret and _gone(one.secret, mask(one.text)))


def _gaps(mask: Mask) -> int:
    return sum(one.secret is not None and _gone(one.secret, mask(one.text)) for one in GAPS)


def _changed(mask: Mask) -> int:
    return sum(mask(one.text) != one.text for one in PLAIN)


def _ms(mask: Mask) -> float:
    texts = [one.text for one in (*SECRETS, *PLAIN)]
    begun = time.process_time()
    for text in texts:
        mask(text)
    return 1000 * (time.process_time() - begun) / len(texts)


def _made_up() -> None:
    """Print what is found of numbers and addresses that faker makes up, 200 of each kind for six countries."""
    from faker import Faker  # type: ignore[import-not-found]

    masks = dict(_masks())
    print(f"\n| made up by faker | {' | '.join(masks)} |\n|---|{'---|' * len(masks)}")
    for kind in ("email", "phone_number", "credit_card_number", "iban"):
        values = []
        for country in ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT"):
            maker = Faker(country)
            maker.seed_instance(3)
            values += [str(getattr(maker, kind)()) for _ in range(200)]
        shares = (sum(one not in mask(f"you can use {one} for this") for one in values) / len(values) for mask in masks.values())
        print(f"| {kind} | {' | '.join(f'{100 * share:.0f} %' for share in shares)} |")


if __name__ == "__main__":
    main()
    if find_spec("faker"):
        _made_up()
