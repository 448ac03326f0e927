"""Sample ratio over time, A/A uniformity, effect trend, factorial designs. Run: python3 trust.py"""
import itertools

import mpmath as mp
import numpy as np
import scipy
import scipy.stats as st
import statsmodels
import statsmodels.api as sm

from cases import Cases

SP, SM = "scipy " + scipy.__version__, "statsmodels " + statsmodels.__version__
c = Cases("trust")
rng = np.random.default_rng(21)
for obs, shares, k in [([510, 490], [1, 1], 1000), ([10300, 9700], [0.5, 0.5], 1000), ([3300, 3500, 3200], [34, 33, 33], 200), ([5_005_000, 4_995_000], [1, 1], 1000)]:
    th = [mp.mpf(s) / sum(shares) for s in shares]
    e = mp.loggamma(k) - mp.loggamma(k + sum(obs)) + sum(mp.loggamma(k * t + o) - mp.loggamma(k * t) - o * mp.log(t) for o, t in zip(obs, th))
    c.add("sample_ratio_always_valid", "mpmath, Dirichlet-multinomial Bayes factor", {"observed": obs, "shares": shares, "concentration": k}, 1e-9, absolute=1e-7, value=e)
for n, a in [(20, 1), (100, 1), (400, 0.9), (2000, 0.97)]:
    p = np.round(rng.beta(a, 1, n), 6)
    r = st.kstest(p, "uniform", method="exact" if n <= 500 else "asymp")
    c.add("ks_uniform", SP + " kstest", {"p": p.tolist()}, 1e-8 if n != 400 else 1e-6, statistic=r.statistic, p=r.pvalue)
for n, slope in [(14, -0.002), (9, 0.0005)]:
    days = np.arange(n)
    se = np.round(rng.uniform(0.004, 0.01, n), 5)
    y = np.round(0.03 + slope * days + rng.normal(0, se), 6)
    fit = sm.WLS(y, sm.add_constant(days.astype(float)), weights=1 / se ** 2).fit(cov_type="fixed scale", use_t=False)
    c.add("effect_trend", SM + " WLS fixed scale", {"days": [[float(d), float(v), float(s)] for d, v, s in zip(days, y, se)]}, slope=fit.params[1], se=fit.bse[1], start=fit.params[0], p=fit.pvalues[1])


def columns(design, terms):
    return np.column_stack([np.ones(len(design))] + [np.prod([[r["ABCDE".index(f)] for f in t] for r in design], axis=1) for t in terms])


full3 = [list(r) for r in itertools.product([-1, 1], repeat=3)]
half4 = [r + [r[0] * r[1] * r[2]] for r in full3]
for design, terms in [(full3, ["A", "B", "C", "AB", "AC", "BC"]), (half4, ["A", "B", "C", "D", "AB"])]:
    x = columns(design, terms)
    n = rng.integers(40, 80, len(design))
    y = [np.round(10 + 0.5 * r[0] + 0.3 * r[0] * r[1] + rng.normal(0, 2, m), 4) for r, m in zip(design, n)]
    fit = sm.OLS(np.concatenate(y), np.repeat(x, n, axis=0)).fit()
    ci = fit.conf_int()
    c.add("factorial_linear", SM + " OLS", {"design": design, "terms": terms, "runs": [[int(m), float(v.mean()), float(v.var(ddof=1))] for v, m in zip(y, n)]}, 1e-8, absolute=1e-10,
          **{t: 2 * fit.params[i + 1] for i, t in enumerate(terms)}, **{t + "_se": 2 * fit.bse[i + 1] for i, t in enumerate(terms)},
          **{t + "_p": fit.pvalues[i + 1] for i, t in enumerate(terms)}, **{t + "_low": 2 * ci[i + 1][0] for i, t in enumerate(terms)})
    trials = rng.integers(800, 1500, len(design))
    s = rng.binomial(trials, 1 / (1 + np.exp(2.2 - 0.15 * x[:, 1] - 0.1 * x[:, 4])))
    fit = sm.GLM(np.column_stack([s, trials - s]), x, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200)
    ci = fit.conf_int()
    c.add("factorial_logistic", SM + " GLM Binomial", {"design": design, "terms": terms, "runs": [[int(a), int(b)] for a, b in zip(s, trials)]}, 1e-8, absolute=1e-10,
          **{t: 2 * fit.params[i + 1] for i, t in enumerate(terms)}, **{t + "_se": 2 * fit.bse[i + 1] for i, t in enumerate(terms)},
          **{t + "_p": fit.pvalues[i + 1] for i, t in enumerate(terms)}, **{t + "_low": 2 * ci[i + 1][0] for i, t in enumerate(terms)})
c.write()
