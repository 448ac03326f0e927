"""Exact tests, ranks, strata, ratios, quantiles, intervals and effect sizes. Run: python3 exact_and_intervals.py"""
import mpmath as mp
import numpy as np
import scipy
import scipy.stats as st
import statsmodels
import statsmodels.api as sm
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.meta_analysis import effectsize_smd
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportion_effectsize
from statsmodels.stats.weightstats import ttost_ind

from cases import Cases, log_normal_upper, normal_two_sided

MP, SP, SM = "mpmath %s, 40 digits" % mp.__version__, "scipy " + scipy.__version__, "statsmodels " + statsmodels.__version__
c = Cases("exact_and_intervals")
ALT = {"twosided": "two-sided", "greater": "greater", "less": "less"}
rng = np.random.default_rng(20240229)

PAIRS = [((1, 20), (4, 20)), ((18, 523), (12, 498)), ((50, 1000), (70, 1000)), ((0, 30), (7, 25)), ((8, 10), (3, 12))]


def fisher(c0, t1, alternative):
    """Exact sums of hypergeometric probabilities in rational arithmetic by mpmath."""
    (s0, n0), (s1, n1) = c0, t1
    k = s0 + s1
    total = mp.binomial(n0 + n1, k)
    pmf = {x: mp.binomial(n1, x) * mp.binomial(n0, k - x) / total for x in range(max(0, k - n0), min(n1, k) + 1)}
    if alternative == "greater":
        return sum(v for x, v in pmf.items() if x >= s1)
    if alternative == "less":
        return sum(v for x, v in pmf.items() if x <= s1)
    return sum(v for v in pmf.values() if v <= pmf[s1] * (1 + mp.mpf("1e-20")))


for a, b in PAIRS:
    for alternative, other in ALT.items():
        p = fisher(a, b, alternative)
        _, sp = st.fisher_exact([[b[0], b[1] - b[0]], [a[0], a[1] - a[0]]], alternative=other)
        assert abs(float(p) / sp - 1) < 1e-6
        c.add("fisher_exact", "mpmath binomials, agrees with scipy " + scipy.__version__, {"arms": [a, b], "alternative": alternative}, p=p, log_p=mp.log(p))
p = fisher((500, 10000), (900, 10000), "twosided")
c.add("fisher_exact", "mpmath binomials", {"arms": [(500, 10000), (900, 10000)]}, p=p, log_p=mp.log(p))
def barnard(a, b, alternative):
    """Every table, z compared as signed squares of fractions, the rate by a fine grid and a bounded search."""
    from fractions import Fraction as F
    from scipy.optimize import minimize_scalar

    def key(s0, s1):
        pooled = F(s0 + s1, a[1] + b[1])
        v = pooled * (1 - pooled) * (F(1, a[1]) + F(1, b[1]))
        d = F(s1, b[1]) - F(s0, a[1])
        return 0 if v == 0 else (1 if d > 0 else -1) * d * d / v
    k = key(a[0], b[0])
    inside = {"greater": lambda t: t >= k, "less": lambda t: t <= k, "twosided": lambda t: abs(t) >= abs(k)}[alternative]
    mask = np.array([[inside(key(i, j)) for j in range(b[1] + 1)] for i in range(a[1] + 1)], dtype=float)
    prob = lambda r: st.binom.pmf(np.arange(a[1] + 1), a[1], r) @ mask @ st.binom.pmf(np.arange(b[1] + 1), b[1], r)
    grid = np.linspace(0, 1, 1001)
    values = np.array([prob(r) for r in grid])
    best = 0
    for i in np.argsort(values)[-40:]:
        o = minimize_scalar(lambda r: -prob(r), bounds=(max(0, grid[i] - 1e-3), min(1, grid[i] + 1e-3)), method="bounded", options={"xatol": 1e-12})
        best = max(best, -o.fun)
    return best


for a, b in [((1, 20), (4, 20)), ((0, 30), (7, 25)), ((8, 10), (3, 12)), ((7, 15), (12, 15))]:
    for alternative, other in ALT.items():
        table = [[b[0], a[0]], [b[1] - b[0], a[1] - a[0]]]
        r = st.barnard_exact(table, alternative=other, pooled=True, n=256)
        p = barnard(a, b, alternative)
        assert p >= r.pvalue * (1 - 1e-9)  # scipy misses ties that differ in the last bit, so it may lie below
        c.add("barnard_exact", "numpy, all tables with rational ties; scipy %s where it sees the ties" % scipy.__version__, {"arms": [a, b], "alternative": alternative}, 1e-8, statistic=r.statistic, p=p)
        r = st.boschloo_exact(table, alternative=other, n=256)
        c.add("boschloo_exact", SP + " boschloo_exact (n=256)", {"arms": [a, b], "alternative": alternative}, 1e-6, p=r.pvalue)

x = [float(v) for v in np.round(rng.normal(0, 1, 12), 3)]
y = [float(v) for v in np.round(rng.normal(0.6, 1, 15), 3)]
xt = [float(v) for v in rng.poisson(3, 40)]
yt = [float(v) for v in rng.poisson(3.7, 45)]
for control, treatment, mode in [(x, y, "exact"), (x, y, "asymptotic"), (xt, yt, "asymptotic")]:
    for alternative, other in ALT.items():
        for cc in [True, False] if mode == "asymptotic" else [True]:
            r = st.mannwhitneyu(treatment, control, alternative=other, method=mode, use_continuity=cc)
            c.add("mann_whitney", SP + " mannwhitneyu", {"control": control, "treatment": treatment, "mode": mode, "alternative": alternative, "uncorrected": not cc},
                  statistic=r.statistic, p=r.pvalue)

STRATA = [[[[50, 1000], [70, 1000]], [[20, 200], [22, 180]], [[5, 400], [9, 420]]],
          [[[12, 60], [9, 40]], [[80, 100], [140, 160]], [[3, 30], [8, 33]]]]
for strata in STRATA:
    tables = [np.array([[t[0], t[1] - t[0]], [k[0], k[1] - k[0]]]) for k, t in strata]
    s = StratifiedTable(tables)
    for correct in [False, True]:
        r = s.test_null_odds(correction=correct)
        c.add("cmh", SM + " StratifiedTable", {"strata": strata, "correct": correct}, statistic=r.statistic, p=r.pvalue)
    ci = s.oddsratio_pooled_confint(0.05)
    c.add("mh_odds_ratio", SM + " StratifiedTable", {"strata": strata}, value=s.oddsratio_pooled, low=ci[0], high=ci[1])
# k arms: R's mantelhaen.test (values from mantelhaen.R)
import json, os, subprocess
for row in json.loads(subprocess.run(["Rscript", os.path.join(os.path.dirname(os.path.abspath(__file__)), "mantelhaen.R")], check=True, capture_output=True, text=True).stdout):
    c.add(row["method"], row["source"], row["args"], row.get("tolerance", 1e-9), **row["expect"])


def sample_pairs(n, shift):
    views = rng.poisson(6, n) + 1
    clicks = rng.binomial(views, np.clip(rng.beta(4, 20, n) + shift, 0, 1))
    return [[float(a), float(b)] for a, b in zip(clicks, views)]


RATIOS = [(sample_pairs(40, 0), sample_pairs(50, 0.05)), (sample_pairs(25, 0), sample_pairs(25, 0))]
for control, treatment in RATIOS:
    fits = []
    for rows in (control, treatment):
        a = np.array(rows)
        n = len(a)
        r = a[:, 0].sum() / a[:, 1].sum()
        # clustered regression of clicks on views: an independent route to the delta method
        resid = a[:, 0] - r * a[:, 1]
        var = resid @ resid / (n - 1) / n / a[:, 1].mean() ** 2
        wls = sm.WLS(a[:, 0] / a[:, 1], np.ones(n), weights=a[:, 1]).fit(cov_type="HC0")
        assert abs(wls.bse[0] ** 2 * n / (n - 1) / var - 1) < 1e-9
        fits.append((r, np.sqrt(wls.bse[0] ** 2 * n / (n - 1))))
        z = st.norm.isf(0.025)
        c.add("ratio_delta", SM + " WLS HC0 * n/(n-1)", {"rows": rows}, value=r, se=fits[-1][1], low=r - z * fits[-1][1], high=r + z * fits[-1][1])
        q = st.t.isf(0.025, n - 1)
        cov = np.cov(a.T, ddof=1) / n
        m = a.mean(axis=0)
        lo, hi = sorted(np.roots([m[1] ** 2 - q * q * cov[1, 1], -2 * (m[0] * m[1] - q * q * cov[0, 1]), m[0] ** 2 - q * q * cov[0, 0]]).real)
        c.add("ratio_fieller", "numpy roots of Fieller's quadratic", {"rows": rows}, 1e-8, value=r, low=lo, high=hi)
    z = (fits[1][0] - fits[0][0]) / np.hypot(fits[0][1], fits[1][1])
    p, lp = normal_two_sided(z)
    c.add("ratio_compare", SM + " WLS HC0 * n/(n-1), p by mpmath", {"control": control, "treatment": treatment}, 1e-8, statistic=z, p=p, log_p=lp)

for quantile in (0.5, 0.9):
    units = np.repeat(np.arange(60), rng.poisson(4, 60) + 1)
    values = np.round(np.exp(rng.normal(0, 0.5, 60)[units] + rng.normal(0, 0.7, len(units))), 4)
    s = np.sort(values)
    at = lambda q: s[int(q * (len(s) - 1))]
    v = at(quantile)
    fit = sm.OLS((values <= v).astype(float), np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": units, "use_correction": True})
    g = len(np.unique(units))
    q = st.t.isf(0.025, g - 1)
    lo, hi = at(quantile - q * fit.bse[0]), at(quantile + q * fit.bse[0])
    c.add("quantile_clustered", SM + " cluster-robust OLS, Woodruff", {"values": [float(x) for x in values], "units": [int(u) for u in units], "q": quantile}, 1e-8,
          value=v, low=lo, high=hi, se=(hi - lo) / (2 * q))

for arm in [(50, 1000), (0, 20), (20, 20), (3, 17), (50_000_000, 1_000_000_000)]:
    for confidence in (0.95, 0.99):
        for method, name in [("wilson", "wilson"), ("agresti_coull", "agresti_coull"), ("beta", "clopper_pearson"), ("jeffreys", "jeffreys")]:
            if name == "jeffreys" and arm[0] in (0, arm[1]):
                continue
            lo, hi = proportion_confint(arm[0], arm[1], 1 - confidence, method)
            c.add(name, SM + " proportion_confint " + method, {"arms": [arm], "confidence": confidence}, 1e-9, absolute=1e-15, low=lo, high=hi)
def score_z(a, b, correction):
    """Score statistic as a function of the difference; the constrained likelihood by bisection of its derivative, no closed form."""
    (s0, n0), (s1, n1) = [(mp.mpf(u), mp.mpf(v)) for u, v in (a, b)]
    factor = (n0 + n1) / (n0 + n1 - 1) if correction else 1

    def term(s, n, p):
        return (s / p if s else 0) - ((n - s) / (1 - p) if n > s else 0)

    def z(delta):
        lo, hi = max(mp.mpf(0), -delta) + mp.mpf(10) ** -35, min(mp.mpf(1), 1 - delta) - mp.mpf(10) ** -35
        for _ in range(110):
            mid = (lo + hi) / 2
            if term(s0, n0, mid) + term(s1, n1, mid + delta) > 0:
                lo = mid
            else:
                hi = mid
        p0 = lo
        p1 = p0 + delta
        return (s1 / n1 - s0 / n0 - delta) / mp.sqrt(factor * (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0))

    return z


def score_ends(a, b, correction):
    target = mp.sqrt(2) * mp.erfinv(mp.mpf("0.95"))
    z = score_z(a, b, correction)
    d = mp.mpf(b[0]) / b[1] - mp.mpf(a[0]) / a[1]
    ends = []
    for sign in (-1, 1):
        near, far = d, mp.mpf(sign) * (1 - mp.mpf(10) ** -20)
        for _ in range(60):
            mid = (near + far) / 2
            if abs(z(mid)) < target:
                near = mid
            else:
                far = mid
        ends.append(near)
    return ends


for a, b in PAIRS + [((5000, 100000), (5600, 100000))]:
    d = b[0] / b[1] - a[0] / a[1]
    for method, name, kw in [("newcomb", "newcombe", {}), ("agresti-caffo", "agresti_caffo", {})]:
        lo, hi = confint_proportions_2indep(b[0], b[1], a[0], a[1], method=method, compare="diff", **kw)
        c.add(name, SM + " confint_proportions_2indep " + method, {"arms": [a, b]}, value=d, low=lo, high=hi)
    for name, correction in [("miettinen_nurminen", True), ("mee", False)]:
        lo, hi = score_ends(a, b, correction)
        c.add(name, MP + ", likelihood maximised by bisection", {"arms": [a, b]}, value=d, low=lo, high=hi)
    z = score_z(a, b, False)(mp.mpf("-0.02"))
    c.add("score_test", MP + ", likelihood maximised by bisection", {"arms": [a, b], "delta": -0.02, "alternative": "greater"}, statistic=z, p=mp.exp(log_normal_upper(z)), log_p=log_normal_upper(z))
    h = proportion_effectsize(b[0] / b[1], a[0] / a[1])
    c.add("cohen_h", SM + " proportion_effectsize", {"arms": [a, b]}, value=h)
    if min(a[0], b[0]) > 0:
        lo, hi = confint_proportions_2indep(b[0], b[1], a[0], a[1], method="logit", compare="odds-ratio")
        c.add("odds_ratio", SM + " confint_proportions_2indep logit", {"arms": [a, b]}, low=lo, high=hi)
for a, b in [((30, 5.1, 2.0), (28, 5.9, 3.3)), ((500, 20.0, 80.0), (510, 21.0, 95.0))]:
    smd, var = effectsize_smd(b[1], np.sqrt(b[2]), b[0], a[1], np.sqrt(a[2]), a[0])
    df = a[0] + b[0] - 2
    d = (b[1] - a[1]) / np.sqrt(((a[0] - 1) * a[2] + (b[0] - 1) * b[2]) / df)
    c.add("cohen_d", "definition, numpy", {"arms": [a, b]}, value=d, se=np.sqrt(1 / a[0] + 1 / b[0] + d * d / 2 / (a[0] + b[0])))
    j = mp.gamma(mp.mpf(df) / 2) / (mp.sqrt(mp.mpf(df) / 2) * mp.gamma(mp.mpf(df - 1) / 2))
    c.add("hedges_g", MP + ", exact gamma factor", {"arms": [a, b]}, value=d * float(j))
    for margin in (0.3, 2.0):
        xs = [rng.normal(size=n) for n in (b[0], a[0])]
        xs = [(v - v.mean()) / v.std(ddof=1) * np.sqrt(arm[2]) + arm[1] for v, arm in zip(xs, (b, a))]
        p, low, high = ttost_ind(xs[0], xs[1], -margin, margin, usevar="unequal")
        c.add("non_inferior_means", SM + " ttost_ind", {"arms": [a, b], "margin": margin}, 1e-8, statistic=low[0], p=low[1])
        c.add("equivalent_means", SM + " ttost_ind", {"arms": [a, b], "margin": margin}, 1e-8, p=p)
c.write()
