"""Ask the classifier about the cases of this run: each one's score is the probability that it gave to the true kind."""

import os
from pathlib import Path

import numpy as np

from data import KINDS, cases, seen
from model import probabilities

ids = Path(os.environ["AUTOTUNE_CASES"]).read_text().split()
by_id = {case: (measures, kind) for case, _, measures, kind in cases()}
asked = np.array([by_id[case][0] for case in ids])
found = probabilities(*seen(), asked)
for case, row in zip(ids, found):
    kind = by_id[case][1]
    print(f"METRIC score[{case}]={min(max(row[kind], 0.0), 1.0):.4f}")
    said = ", ".join(f"{name} {share:.2f}" for name, share in zip(KINDS, row))
    Path(os.environ["AUTOTUNE_CASE_OUTPUT"], f"{case}.txt").write_text(f"{said}; it is {KINDS[kind]}\n")
