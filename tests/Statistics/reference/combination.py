"""Corrections, online FDR, CUPED, strata, caps and meta-analysis (meta.R). Run: python3 combination.py"""
import json
import os
import subprocess
import tempfile

import numpy as np
import scipy
import scipy.stats as st
import statsmodels
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

from cases import Cases

SM = "statsmodels " + statsmodels.__version__
c = Cases("combination")
here = os.path.dirname(os.path.abspath(__file__))
rows = os.path.join(tempfile.mkdtemp(), "meta.json")
subprocess.run(["Rscript", os.path.join(here, "meta.R"), rows], check=True, capture_output=True)
for row in json.load(open(rows)):
    c.add(row["method"], row["source"], row["args"], row["tolerance"], absolute=row.get("absolute"), **row["expect"])
for p in [[0.01, 0.02, 0.03, 0.04, 0.05], [0.001, 0.2, 0.04, 0.04, 0.9, 0.012, 0.03], [0.5, 0.0001]]:
    for name, method in [("holm", "holm"), ("hochberg", "simes-hochberg"), ("benjamini_hochberg", "fdr_bh"), ("benjamini_yekutieli", "fdr_by")]:
        c.add(name, SM + " multipletests " + method, {"p": p}, 1e-12, **{str(i): v for i, v in enumerate(multipletests(p, method=method)[1])})
t = np.arange(1, 1_000_001)
gamma = np.log(np.maximum(t, 2)) / (t * np.exp(np.sqrt(np.log(t))))
gamma /= gamma.sum()
g = lambda k: gamma[k - 1] if k >= 1 else 0.0
for alpha, wealth, ps in [(0.05, 0.025, [0.5, 1e-4, 0.02, 1e-3, 0.6, 1e-6, 0.004, 0.2]), (0.1, 0.05, [0.001, 0.01, 0.3, 0.0002, 0.02])]:
    out, tau = {}, []
    for i, p in enumerate(ps, 1):
        level = wealth * g(i) + ((alpha - wealth) * g(i - tau[0]) if tau else 0) + alpha * sum(g(i - k) for k in tau[1:])
        out["level%d" % (i - 1)], out["reject%d" % (i - 1)] = level, p <= level
        if p <= level:
            tau.append(i)
    c.add("lord_plus_plus", "numpy, formula of Ramdas et al. (2017)", {"p": ps, "alpha": alpha, "wealth": wealth}, **out)
    es, out, r = [1 / p for p in ps], {}, 0
    for i, e in enumerate(es, 1):
        level = alpha * g(i) * (r + 1)
        out["level%d" % (i - 1)], out["reject%d" % (i - 1)] = level, e >= 1 / level
        r += e >= 1 / level
    c.add("e_lond", "numpy, formula of Xu and Ramdas (2024)", {"e": es, "alpha": alpha}, **out)
rng = np.random.default_rng(11)
for k, n in [(1, 60), (3, 80)]:
    arms = []
    for shift, m in [(0, n), (0.4, n + 15)]:
        x = rng.normal(3, 1, (m, k))
        y = 10 + x @ np.linspace(1, 0.4, k) + rng.normal(0, 1, m) + shift
        arms.append(np.round(np.column_stack([y, x]), 5))
    y = np.r_[arms[0][:, 0], arms[1][:, 0]]
    d = np.r_[np.zeros(n), np.ones(n + 15)]
    x = np.vstack([arms[0][:, 1:], arms[1][:, 1:]])
    fit = sm.OLS(y, sm.add_constant(np.column_stack([d, x]))).fit()
    theta = fit.params[2:]
    base = sm.OLS(y, sm.add_constant(d)).fit()
    expect = dict(difference=fit.params[1], reduction=1 - fit.ssr / base.ssr, **{"theta%d" % i: v for i, v in enumerate(theta)},
                  **{"variance%d" % i: np.var(a[:, 0] - a[:, 1:] @ theta, ddof=1) for i, a in enumerate(arms)})
    c.add("cuped", SM + " OLS on arm and covariates", {"control": arms[0].tolist(), "treatment": arms[1].tolist()}, **expect)
for strata in [[(100, 10.0, 4.0), (120, 10.6, 5.5), (50, 20.0, 9.0), (40, 21.1, 8.0)], [(1000, 1.0, 0.5), (900, 1.01, 0.6), (30, 5.0, 3.0), (60, 5.5, 2.5), (400, 2.0, 1.0), (410, 2.05, 1.1)]]:
    # regression with full interaction, averaged over the strata's shares: weighted least squares on the stratum means
    n = np.array([a[0] for a in strata], float)
    w = (n[0::2] + n[1::2]) / n.sum()
    contrast = np.ravel(np.column_stack([-w, w]))
    value = contrast @ np.array([a[1] for a in strata])
    se = np.sqrt(contrast @ np.diag([a[2] / a[0] for a in strata]) @ contrast)
    z = st.norm.isf(0.025)
    c.add("post_stratification", "numpy, contrast of stratum means", {"strata": strata}, value=value, se=se, low=value - z * se, high=value + z * se)
for lower, upper in [(0, 0.95), (0.05, 0.9)]:
    a, b = [np.round(rng.lognormal(2, 1.2, n), 3) for n in (50, 61)]
    lo, hi = np.quantile(np.r_[a, b], [lower, upper])
    c.add("winsorize", "numpy quantile and clip", {"control": a.tolist(), "treatment": b.tolist(), "lower": lower, "upper": upper}, low=lo, high=hi, mean0=np.clip(a, lo, hi).mean(), mean1=np.clip(b, lo, hi).mean())
c.write()
