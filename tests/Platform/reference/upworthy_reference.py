#!/usr/bin/env python3
"""Computes the figures that the platform must give for ten tests of the Upworthy archive, with scipy.

    python3 tests/Platform/reference/upworthy_reference.py > tests/Platform/reference/upworthy.json

The ten are the smallest tests of the file in which every package was clicked, so that streaming them takes seconds.
chi-square over all packages without Yates; pooled two-proportion z of each package against the first; chi-square of the impressions
against equal shares.
"""
import csv
import json
import math
import pathlib
import sys

import scipy
from scipy import stats

root = pathlib.Path(__file__).resolve().parents[3]
tests = {}
with open(root / "deploy/demo/data/upworthy/tests.csv", newline="") as file:
    for row in csv.DictReader(file):
        tests.setdefault(row["test_id"], []).append((int(row["package"]), int(row["impressions"]), int(row["clicks"])))

clicked = {key: packages for key, packages in tests.items() if all(clicks > 0 for _, _, clicks in packages)}
smallest = sorted(clicked, key=lambda key: (sum(n + c for _, n, c in clicked[key]), key))[:10]

reference = []
for key in smallest:
    packages = clicked[key]
    table = [[c, n - c] for _, n, c in packages]
    overall = stats.chi2_contingency(table, correction=False)
    _, n0, c0 = packages[0]
    arms = []
    for number, n, c in packages:
        p = None
        if number != packages[0][0]:
            pooled = (c + c0) / (n + n0)
            z = (c / n - c0 / n0) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n0))
            p = 2 * stats.norm.sf(abs(z))
        arms.append({"package": number, "impressions": n, "clicks": c, "p_value": p})
    shares = stats.chisquare([n for _, n, _ in packages])
    reference.append({"test": key, "p_value": overall[1], "sample_ratio_p_value": shares.pvalue, "packages": arms})

json.dump({"source": f"scipy {scipy.__version__}, tests/Platform/reference/upworthy_reference.py", "tests": reference}, sys.stdout, indent=1)
print()
