"""What is tuned: one question becomes one request to a model, and its answer a number."""

import json
import re
import urllib.request
from pathlib import Path

PROMPT = Path(__file__).with_name("prompt.txt").read_text()


def answer(address: str, question: str) -> tuple[str, int]:
    """Give the number that the model says last, and how many tokens the answer has taken. Raises OSError where the model is busy."""
    body = json.dumps({"system": PROMPT, "question": question}).encode()
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=10) as reply:
        said = json.load(reply)
    numbers = re.findall(r"-?\d+", said["text"])
    return (numbers[-1] if numbers else ""), said["tokens"]
