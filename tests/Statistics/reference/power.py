"""Power and sample size by statsmodels, scipy and R (power.R). Run: python3 power.py"""
import json
import os
import subprocess

import numpy as np
import scipy
import scipy.stats as st
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr
import statsmodels
from statsmodels.stats.power import GofChisquarePower
from statsmodels.stats.proportion import power_proportions_2indep

from cases import Cases

SP, SM = "scipy " + scipy.__version__, "statsmodels " + statsmodels.__version__
c = Cases("power")
here = os.path.dirname(os.path.abspath(__file__))
for row in json.loads(subprocess.run(["Rscript", os.path.join(here, "power.R")], check=True, capture_output=True, text=True).stdout):
    c.add(row["method"], row["source"], row["args"], row["tolerance"], **row["expect"])
for t, df, ncp in [(2, 10, 1.5), (-1, 5, 2), (1.96, 200, 2.8), (2.5, 3.7, 0.4), (3, 2, 0)]:
    c.add("noncentral_t_cdf", SP + " nct", {"t": t, "df": df, "ncp": ncp}, 1e-8, value=st.nct.cdf(t, df, ncp) if ncp else st.t.cdf(t, df))
for p0, p1, n, ratio in [(0.05, 0.06, 5000, 1), (0.2, 0.17, 900, 0.5), (0.1, 0.13, 700, 3)]:
    for alternative, other in [("twosided", "two-sided"), ("greater", "larger")]:
        if alternative == "greater" and p1 < p0:
            continue
        # statsmodels' nobs1 is the arm of prop1 = prop2 + diff, and its ratio is nobs2/nobs1
        r = power_proportions_2indep(p1 - p0, p0, n * ratio, ratio=1 / ratio, alternative=other)
        # statsmodels pools the rates without weights unless the arms are equal; so null spread recomputed where they are not
        pooled = (p0 * n + p1 * n * ratio) / (n + n * ratio)
        s0 = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / (n * ratio)))
        s1 = np.sqrt(p0 * (1 - p0) / n + p1 * (1 - p1) / (n * ratio))
        z = st.norm.isf(0.025 if alternative == "twosided" else 0.05)
        d = abs(p1 - p0)
        value = st.norm.sf((z * s0 - d) / s1) + (st.norm.sf((z * s0 + d) / s1) if alternative == "twosided" else 0)
        if ratio == 1:
            assert abs(value / r.power - 1) < 1e-9
        c.add("power_proportions", SP + " normal tails; equal arms agree with statsmodels power_proportions_2indep",
              {"p0": p0, "p1": p1, "n": n, "ratio": ratio, "alternative": alternative}, value=value)
for rates, units, alpha in [([0.05, 0.06, 0.055], [4000] * 3, 0.05), ([0.1, 0.12, 0.11, 0.13], [1500] * 4, 0.01)]:
    m = np.mean(rates)
    w = np.sqrt(sum((np.array(rates) - m) ** 2) / len(rates) / (m * (1 - m)))
    g = GofChisquarePower()
    c.add("power_arms", SM + " GofChisquarePower", {"rates": rates, "units": units, "alpha": alpha}, 1e-8,
          value=g.power(w, sum(units), alpha, n_bins=len(rates)))
    c.add("size_arms", SM + " GofChisquarePower", {"rates": rates, "alpha": alpha, "power": 0.8}, 1e-7,
          value=g.solve_power(w, None, alpha, 0.8, n_bins=len(rates)) / len(rates))
for d, s0, s1, n, ratio in [(1.0, 4.0, 5.0, 300, 1.5), (0.3, 1.0, 0.8, 100, 0.7)]:
    n1 = n * ratio
    v0, v1 = s0 ** 2 / n, s1 ** 2 / n1
    df = (v0 + v1) ** 2 / (v0 ** 2 / (n - 1) + v1 ** 2 / (n1 - 1))
    ncp = d / np.sqrt(v0 + v1)
    q = st.t.isf(0.025, df)
    c.add("power_means", SP + " nct at Welch's degrees of freedom", {"difference": d, "sd0": s0, "sd1": s1, "n": n, "ratio": ratio}, 1e-7,
          value=st.nct.sf(q, df, ncp) + st.nct.cdf(-q, df, ncp))
for rho in (0.5, 0.8):  # CUPED: the deviation shrinks by sqrt(1 - rho^2), degrees of freedom stay
    n, d, s = 400, 0.15, 1.0
    ncp = d / np.sqrt(2 * s * s * (1 - rho ** 2) / n)
    q = st.t.isf(0.025, 2 * n - 2)
    c.add("power_means", SP + " nct, CUPED", {"difference": d, "sd0": s, "sd1": s, "n": n, "rho": rho}, 1e-7,
          value=st.nct.sf(q, 2 * n - 2, ncp) + st.nct.cdf(-q, 2 * n - 2, ncp))
for treatments in (2, 4):
    a = 0.05 / treatments
    p0, p1 = 0.05, 0.06
    f = lambda n: st.norm.sf((st.norm.isf(a / 2) * np.sqrt(2 * 0.055 * 0.945 / n) - 0.01) / np.sqrt((0.05 * 0.95 + 0.06 * 0.94) / n)) + \
        st.norm.sf((st.norm.isf(a / 2) * np.sqrt(2 * 0.055 * 0.945 / n) + 0.01) / np.sqrt((0.05 * 0.95 + 0.06 * 0.94) / n)) - 0.8
    c.add("size_proportions", SP + " normal tails, Bonferroni", {"p0": p0, "p1": p1, "treatments": treatments}, value=brentq(f, 10, 1e6, xtol=1e-9, rtol=1e-14))
for q, d, ratio, infl in [(1.96, 0.01, 1, 1.0), (1.96, 0.02, 2, 1.2)]:
    control, treatment = [2.0, 10.0, 4.0, 30.0, 6.0], [2.2, 10.5, 4.5, 31.0, 6.5]
    var = [(v[2] - 2 * (v[0] / v[1]) * v[4] + (v[0] / v[1]) ** 2 * v[3]) / v[1] ** 2 for v in (control, treatment)]
    n = 900
    se = np.sqrt((var[0] / n + var[1] / (n * ratio)) * infl)
    z = st.norm.isf(0.025)
    c.add("power_ratios", SP + " normal tails", {"difference": d, "control": control, "treatment": treatment, "n": n, "ratio": ratio, "inflation": infl},
          value=st.norm.sf(z - d / se) + st.norm.sf(z + d / se))
for p0, p1, margin, n in [(0.05, 0.05, 0.01, 6000), (0.1, 0.11, 0.02, 1200)]:
    # score variance at the restricted likelihood, maximised numerically
    g = lambda q: -(p0 * np.log(q) + (1 - p0) * np.log(1 - q) + p1 * np.log(q - margin) + (1 - p1) * np.log(1 - q + margin))
    q = minimize_scalar(g, bounds=(margin + 1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-13}).x
    s0 = np.sqrt((q * (1 - q) + (q - margin) * (1 - q + margin)) / n)
    s1 = np.sqrt((p0 * (1 - p0) + p1 * (1 - p1)) / n)
    c.add("power_non_inferiority", SP + " restricted likelihood maximised numerically", {"p0": p0, "p1": p1, "margin": margin, "n": n, "alpha": 0.025}, 1e-6,
          value=st.norm.sf((st.norm.isf(0.025) * s0 - (p1 - p0 + margin)) / s1))


NODES, WEIGHTS = np.polynomial.legendre.leggauss(160)


def any_exceeds(k, t, df, two_sided):
    """Equal correlations of 1/2: numpy's Gauss-Legendre, 160 points each way."""
    u = 9 * NODES

    def given(s):
        h = t * s * np.sqrt(2)
        inner = (ndtr(u + h) - ndtr(u - h)) ** k if two_sided else ndtr(u + h) ** k
        return 1 - 9 * np.sum(WEIGHTS * np.exp(-u * u / 2) / np.sqrt(2 * np.pi) * inner)
    if not df:
        return given(1.0)
    s = 1.5 + 1.5 * NODES
    dens = 2 * df * s * st.chi2.pdf(df * s * s, df)
    return 1.5 * sum(w * d * given(x) for w, d, x in zip(WEIGHTS, dens, s))


for k in (2, 3, 5):
    for df in (0, 12):
        for two in (True, False):
            args = {"shares": [0.5] * k, "alpha": 0.05, "one_sided": not two, **({"df": df} if df else {})}
            c.add("dunnett_critical", "numpy Gauss-Legendre, scipy ndtr", args, 1e-7, value=brentq(lambda t: any_exceeds(k, t, df, two) - 0.05, 1.5, 3.5, xtol=1e-9))
# Dunnett, Biometrics 20 (1964), Table II: two-sided 5 % points, two decimals
for k, df, t in [(2, 10, 2.57), (3, 20, 2.54), (5, 60, 2.58), (9, 30, 2.86)]:
    c.add("dunnett_critical", "Dunnett (1964), table of two-sided 5 % points, two decimals", {"shares": [0.5] * k, "alpha": 0.05, "df": df}, 0, absolute=0.00501, value=t)
c.write()
