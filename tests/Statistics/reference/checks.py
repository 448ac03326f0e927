"""Checks, segments, sketches and plans by scipy, statsmodels and published examples. Run: python3 checks.py"""
import numpy as np
import scipy
import scipy.stats as st
import statsmodels
import statsmodels.api as sm
from scipy.integrate import quad
from scipy.optimize import brentq
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from cases import Cases

SP, SM = "scipy " + scipy.__version__, "statsmodels " + statsmodels.__version__
c = Cases("checks")

# [control successes, trials, treatment successes, trials] for each stratum
kidney = [[81, 87, 234, 270], [192, 263, 55, 80]]  # open surgery, percutaneous; small and large stones
berkeley = [[512, 825, 89, 108], [353, 560, 17, 25], [120, 325, 202, 593], [138, 417, 131, 375], [53, 191, 94, 393], [22, 373, 24, 341]]  # men, women
for source, rows in [("Charig, Webb, Payne, Wickham, BMJ 292 (1986)", kidney), ("Bickel, Hammel, O'Connell, Science 187 (1975), R's UCBAdmissions", berkeley)]:
    s = np.array(rows, float)
    total = s.sum(axis=0)
    pooled = total[2] / total[3] - total[0] / total[1]
    weight = s[:, 1] * s[:, 3] / (s[:, 1] + s[:, 3])
    within = s[:, 2] / s[:, 3] - s[:, 0] / s[:, 1]
    mix = st.chi2_contingency(s[:, [1, 3]], correction=False)
    c.add("simpson", source + "; mixes by " + SP + " chi2_contingency", {"segments": rows}, 1e-9, pooled=pooled, stratified=(weight * within).sum() / weight.sum(),
          reversed=float(pooled * (weight * within).sum() < 0), opposed=float((within * pooled < 0).sum()), mix=mix[0], mix_p=mix[1])

for arms in [[[12, 5000], [15, 5100]], [[40, 9000], [95, 9100], [38, 8900]]]:
    t = np.array([[a, n - a] for a, n in arms])
    r = st.chi2_contingency(t, correction=False)
    c.add("crossover", SP + " chi2_contingency", {"arms": arms}, share=t[:, 0].sum() / t.sum(), statistic=r[0], p=r[1])

rng = np.random.default_rng(11)
for n0, n1, extreme in [(40, 50, 400.0), (25, 30, -60.0)]:
    x, y = np.round(rng.normal(20, 5, n0), 3), np.round(rng.normal(23, 5, n1), 3)
    y[0], x[0] = extreme, 45.0
    a, b = st.ttest_ind(y, x, equal_var=False), st.ttest_ind(y[1:], x[1:], equal_var=False)
    low, high = CompareMeans(DescrStatsW(y[1:]), DescrStatsW(x[1:])).tconfint_diff(usevar="unequal")
    c.add("outlier_influence", SP + " ttest_ind, " + SM + " CompareMeans, on the raw values",
          {"control": [n0, x.mean(), x.var(ddof=1)], "treatment": [n1, y.mean(), y.var(ddof=1)], "extremes": [45.0, extreme]}, 1e-8,
          all_p=a.pvalue, rest_p=b.pvalue, rest=y[1:].mean() - x[1:].mean(), rest_low=low, rest_high=high, decisive=float((a.pvalue <= 0.05) != (b.pvalue <= 0.05)))

dimensions = ["device"] * 3 + ["country"] * 2
arms = [[200, 4000, 260, 4050], [110, 2500, 112, 2450], [35, 700, 39, 720], [300, 5000, 371, 5010], [45, 2200, 40, 2210]]
for correction, name in [("Holm", "holm"), ("Hochberg", "simes-hochberg"), ("BenjaminiHochberg", "fdr_bh"), ("BenjaminiYekutieli", "fdr_by")]:
    p = [proportions_ztest([a[2], a[0]], [a[3], a[1]])[1] for a in arms]
    adjusted = multipletests(p, method=name)[1]
    d = np.array([a[2] / a[3] - a[0] / a[1] for a in arms])
    v = np.array([a[2] / a[3] * (1 - a[2] / a[3]) / a[3] + a[0] / a[1] * (1 - a[0] / a[1]) / a[1] for a in arms])
    q = []
    for name in ("device", "country"):
        i = [k for k, n in enumerate(dimensions) if n == name]
        w = 1 / v[i]
        q.append(st.chi2.sf((w * (d[i] - (w * d[i]).sum() / w.sum()) ** 2).sum(), len(i) - 1))
    z = st.norm.isf(0.025 / 5)
    c.add("segments", SM + " proportions_ztest and multipletests, " + SP + " chi2", {"dimensions": dimensions, "arms": arms, "correction": correction}, 1e-8,
          **{"p%d" % i: x for i, x in enumerate(adjusted)}, **{"low%d" % i: d[i] - z * np.sqrt(v[i]) for i in range(5)},
          **{"interaction%d" % i: x for i, x in enumerate(multipletests(q, method="holm")[1])})

for arms, threshold in [([(51, 951), (71, 931)], 0.001), ([(51, 951), (71, 931)], 0.0001), ([(300, 700), (250, 750)], 0.002)]:
    control, treatment = [st.beta(*a) for a in arms]
    points = [d.mean() for d in (control, treatment)]
    # E[(C - T)+] is the integral of P(T < x < C)
    loss = quad(lambda x: treatment.cdf(x) * control.sf(x), 0, 1, points=points, epsabs=1e-13, limit=500)[0]
    of_control = quad(lambda x: control.cdf(x) * treatment.sf(x), 0, 1, points=points, epsabs=1e-13, limit=500)[0]
    decision = 0 if min(loss, of_control) > threshold else 1 if loss <= of_control else -1
    c.add("bayesian_stopping", SP + " quad", {"arms": arms, "threshold": threshold}, 1e-9, absolute=1e-11, loss=loss, loss_control=of_control, decision=decision)

for p0, p1, treatments, per_day, coverage, window in [(0.05, 0.06, 1, 4000, 0.5, 7), (0.1, 0.11, 2, 12000, 1, 0)]:
    z = st.norm.isf(0.025 / treatments)
    m = (p0 + p1) / 2
    spread = np.sqrt(p0 * (1 - p0) + p1 * (1 - p1))
    power = lambda n: sum(st.norm.sf((z * np.sqrt(2 * m * (1 - m)) + s * (p1 - p0) * np.sqrt(n)) / spread) for s in (-1, 1))
    n = np.ceil(brentq(lambda n: power(n) - 0.8, 10, 1e6, xtol=1e-9))
    c.add("duration", SP + " normal tails, sizes rounded up", {"p0": p0, "p1": p1, "treatments": treatments, "per_day": per_day, "coverage": coverage, "window": window},
          value=(1 + treatments) * n / (per_day * coverage) + window)

control, treatment = [2.0, 10.0, 4.0, 30.0, 6.0], [2.2, 10.5, 4.5, 31.0, 6.5]
unit = [(v[2] - 2 * (v[0] / v[1]) * v[4] + (v[0] / v[1]) ** 2 * v[3]) / v[1] ** 2 for v in (control, treatment)]
for d, ratio, power in [(0.01, 1, 0.8), (0.02, 2, 0.9)]:
    z = st.norm.isf(0.025)
    se = lambda n: np.sqrt(unit[0] / n + unit[1] / (n * ratio))
    found = lambda d, n: st.norm.sf(z - d / se(n)) + st.norm.sf(z + d / se(n))
    args = {"control": control, "treatment": treatment, "ratio": ratio, "power": power}
    c.add("size_ratios", SP + " normal tails, brentq", {**args, "difference": d}, 1e-8, value=brentq(lambda n: found(d, n) - power, 1, 1e7, xtol=1e-8))
    c.add("mde_ratios", SP + " normal tails, brentq", {**args, "n": 900}, 1e-8, value=brentq(lambda d: found(d, 900) - power, 1e-6, 1, xtol=1e-14))

# sketches promise an error: the tolerance is what they state, the figures are exact
for alpha, values in [(0.01, np.round(rng.lognormal(3, 1.5, 2000), 4)), (0.05, np.round(rng.normal(2, 10, 800), 4))]:
    for q in (0.0, 0.25, 0.5, 0.9, 0.99, 1.0):
        c.add("quantile_sketch", "numpy %s quantile, lower; DDSketch's stated error" % np.__version__, {"values": values.tolist(), "alpha": alpha, "q": q}, alpha * (1 + 1e-9),
              value=np.quantile(values, q, method="lower"))
for precision, distinct, total in [(14, 100, 300), (14, 20_000, 50_000), (14, 300_000, 300_000), (10, 50_000, 60_000)]:
    # of the ids 0 .. distinct - 1, each seen once and the rest again: counted exactly by a set
    ids = [i % distinct for i in range(total)]
    c.add("distinct_sketch", "Python set; three of HyperLogLog's standard errors, 1.04/sqrt(2^precision)", {"precision": precision, "distinct": distinct, "total": total},
          3 * 1.04 / np.sqrt(2 ** precision), value=len(set(ids)))

for slope in (-0.0025, 0.0018):  # equal errors: the weighted slope is linregress's
    days = np.arange(15.0)
    y = np.round((0.03 if slope < 0 else 0.005) + slope * days + rng.normal(0, 0.002, 15), 6)
    r = st.linregress(days, y)
    se = 0.002 / np.sqrt(((days - 7) ** 2).sum())
    c.add("effect_trend_kind", SP + " linregress", {"days": [[d, v, 0.002] for d, v in zip(days, y)]}, 1e-9, slope=r.slope, start=r.intercept,
          se=se, p=2 * st.norm.sf(abs(r.slope / se)), kind=np.sign(r.slope * r.intercept))

for n, a in [(120, 1.0), (120, 0.6)]:  # scipy is exact up to 140
    p = np.round(rng.beta(a, 1, n), 6)
    k = int((p <= 0.05).sum())
    low, high = st.beta.ppf(0.0005, k, n - k + 1), st.beta.ppf(0.9995, k + 1, n - k)
    ks = st.kstest(p, "uniform", method="exact").pvalue
    c.add("aa_check", SP + " kstest, beta", {"p": p.tolist()}, 1e-8, ks=ks, positives=k, low=low, high=high, ok=float(ks >= 0.001 and low <= 0.05 <= high))

rng = np.random.default_rng(23)
for rows, columns, effect in [(2, 2, 0.0), (2, 2, 0.4), (2, 3, 0.2), (3, 4, 0.1), (4, 2, 0.3)]:
    # the additive model by weighted least squares: what it leaves over is the interaction
    values = np.round(10 + rng.normal(0, 0.1, (rows, columns)) + effect * np.outer(np.arange(rows), np.arange(columns)), 6)
    variances = np.round(rng.uniform(0.002, 0.02, (rows, columns)), 6)
    a, b = np.indices((rows, columns))
    x = np.column_stack([np.ones(rows * columns)] + [a.ravel() == i for i in range(1, rows)] + [b.ravel() == j for j in range(1, columns)]).astype(float)
    fit = sm.WLS(values.ravel(), x, weights=1 / variances.ravel()).fit()
    q, df = float((fit.resid ** 2 / variances.ravel()).sum()), (rows - 1) * (columns - 1)
    c.add("wald_interaction", SM + " WLS of the additive model", {"values": values.tolist(), "variances": variances.tolist()}, 1e-8, statistic=q, df=df, p=st.chi2.sf(q, df), log_p=st.chi2.logsf(q, df))
    groups = np.column_stack([values.ravel(), variances.ravel()])
    fit = sm.WLS(groups[:, 0], np.ones(len(groups)), weights=1 / groups[:, 1]).fit()
    q, df = float((fit.resid ** 2 / groups[:, 1]).sum()), len(groups) - 1
    c.add("wald_equality", SM + " WLS of one mean", {"groups": groups.tolist()}, 1e-8, statistic=q, df=df, p=st.chi2.sf(q, df), log_p=st.chi2.logsf(q, df))
for observed, shares in [
    ([[510, 490], [30, 75], [3, 1]], [[0.5, 0.5], [0.3, 0.7], [0.9, 0.1]]),
    ([[330, 340, 335], [10, 3, 80], [0, 2, 1]], [[1, 1, 1], [0.1, 0.05, 0.85], [0.2, 0.2, 0.6]]),
    ([[60, 40, 0], [55, 30, 20]], [[0.5, 0.5, 0], [0.5, 0.25, 0.25]]),
]:
    gaps, cov = 0, 0
    for n, w in zip(np.array(observed, float), np.array(shares, float)):
        share = w / w.sum()
        gaps, cov = gaps + n - n.sum() * share, cov + n.sum() * (np.diag(share) - np.outer(share, share))
    q, df = float(gaps @ np.linalg.pinv(cov) @ gaps), np.linalg.matrix_rank(cov)
    c.add("sample_ratio_stratified", "numpy, generalised inverse of the multinomial covariances; scipy chi2", {"observed": observed, "shares": shares}, 1e-8, statistic=q, df=df, p=st.chi2.sf(q, df), log_p=st.chi2.logsf(q, df))
c.write()
