"""Bayesian figures by mpmath and scipy quadrature on the original scale (no logit, no series). Run: python3 bayesian.py"""
import mpmath as mp
import numpy as np
import scipy
import scipy.stats as st
from scipy.optimize import brentq, minimize

from cases import Cases

mp.mp.dps = 30
c = Cases("bayesian")
NODES, WEIGHTS = np.polynomial.legendre.leggauss(120)
SRC = "numpy Gauss-Legendre (120 points a panel), scipy %s distributions" % scipy.__version__


def integrate(f, low, high, panels=24):
    edges = np.linspace(low, high, panels + 1)
    return sum((b - a) / 2 * np.sum(WEIGHTS * f((a + b) / 2 + (b - a) / 2 * NODES)) for a, b in zip(edges, edges[1:]))


def compare(dc, dt, positive):
    def span(d):
        m, s = d.mean(), d.std()
        lo, hi = m - 13 * s, m + 13 * s
        return (max(0, lo), min(1, hi)) if positive else (lo, hi)
    beats = integrate(lambda x: dt.pdf(x) * dc.cdf(x), *span(dt))
    loss = integrate(lambda x: dt.cdf(x) * dc.sf(x), min(span(dt)[0], span(dc)[0]), max(span(dt)[1], span(dc)[1]), 60)
    loss_c = integrate(lambda x: dc.cdf(x) * dt.sf(x), min(span(dt)[0], span(dc)[0]), max(span(dt)[1], span(dc)[1]), 60)
    lift = lambda l: integrate(lambda x: dc.pdf(x) * dt.cdf((1 + l) * x), *span(dc))
    diff = lambda d: integrate(lambda x: dc.pdf(x) * dt.cdf(x + d), *span(dc))
    m = dt.mean() / dc.mean() - 1
    s = np.hypot(dt.std(), (1 + m) * dc.std()) / dc.mean()
    md, sd = dt.mean() - dc.mean(), np.hypot(dt.std(), dc.std())
    root = lambda f, p, m, s: brentq(lambda v: f(v) - p, m - 7 * s, m + 12 * s, xtol=1e-15, rtol=1e-13)
    return dict(beats=beats, loss=loss, loss_control=loss_c, lift_low=root(lift, 0.025, m, s), lift_high=root(lift, 0.975, m, s), lift_median=root(lift, 0.5, m, s),
                difference_low=root(diff, 0.025, md, sd), difference_high=root(diff, 0.975, md, sd), rope=lift(0.01) - lift(-0.01))


def miller(a0, b0, a1, b1):
    """P(B > A) as the finite sum for integer parameters (E. Miller, 2014), in 30 digits."""
    return sum(mp.beta(a0 + i, b1 + b0) / ((b1 + i) * mp.beta(1 + i, b1) * mp.beta(a0, b0)) for i in range(a1))


for arms in [[(51, 951), (71, 931)], [(2, 20), (5, 17)], [(19, 506), (13, 487)], [(501, 9501), (556, 9446)], [(30, 70), (2900, 7100)]]:
    r = compare(st.beta(*arms[0]), st.beta(*arms[1]), True)
    exact = miller(arms[0][0], arms[0][1], arms[1][0], arms[1][1])
    assert abs(exact - r["beats"]) < 1e-11, (exact, r["beats"])
    c.add("bayes_beta", SRC + "; P(beats) by Miller's finite sum in mpmath", {"arms": arms}, 1e-9, absolute=1e-10, **{**r, "beats": exact})
r = compare(st.beta(51, 951), st.beta(71, 931), True)
c.add("bayes_beta", SRC, {"arms": [(51, 951), (71, 931)], "lower_is_better": True}, 1e-9, absolute=1e-10, beats=1 - r["beats"], loss=r["loss_control"], loss_control=r["loss"])
# a billion visitors: the beta is normal to 1e-4 there, so integrate its own density by mpmath about the mode
arms = [(50_000_001, 950_000_001), (50_010_001, 949_990_001)]
dc, dt = st.beta(*arms[0]), st.beta(*arms[1])
lb = [mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b) for a, b in arms]
pdf = lambda k, x: mp.exp((arms[k][0] - 1) * mp.log(x) + (arms[k][1] - 1) * mp.log(1 - x) - lb[k])
m, s = mp.mpf(arms[0][0]) / sum(arms[0]), mp.sqrt(mp.mpf("0.05") * mp.mpf("0.95") / 10 ** 9)
grid = [m + mp.mpf(k) / 50 * s for k in range(-500, 501)]
f0, f1 = [pdf(0, x) for x in grid], [pdf(1, x) for x in grid]
# trapezoid with end correction is exact to all digits for a bell; distribution function of control at the nodes by the Euler-Maclaurin-free pairing
cum, acc = [], mp.mpf(0)
for i, v in enumerate(f0):
    acc += v
    cum.append(acc - v / 2)
h = s / 50
# cumulative trapezoid errs by h^2 f'/12: add it (f' by log-derivative), and the h^4 term
corr = []
for i, x in enumerate(grid):
    g = (arms[0][0] - 1) / x - (arms[0][1] - 1) / (1 - x)
    g2 = -(arms[0][0] - 1) / x ** 2 - (arms[0][1] - 1) / (1 - x) ** 2
    d1 = f0[i] * g
    d3 = f0[i] * (g ** 3 + 3 * g * g2 + 2 * (arms[0][0] - 1) / x ** 3 - 2 * (arms[0][1] - 1) / (1 - x) ** 3)
    corr.append(h * cum[i] - h ** 2 / 12 * d1 + h ** 4 / 720 * d3)
beats = h * sum(a * b for a, b in zip(f1, corr))
c.add("bayes_beta", "mpmath, Euler-Maclaurin in 30 digits", {"arms": arms}, 1e-9, absolute=1e-9, beats=beats)

for arms in [[(10.0, 0.2), (10.4, 0.25)], [(3.1, 0.0006), (3.1011, 0.0007)], [(100.0, 2.0), (99.0, 8.0)]]:
    r = compare(st.norm(*arms[0]), st.norm(*arms[1]), False)
    z = (arms[1][0] - arms[0][0]) / np.hypot(arms[0][1], arms[1][1])
    assert abs(st.norm.cdf(z) - r["beats"]) < 1e-10
    c.add("bayes_normal", SRC + ", P(beats) closed form", {"arms": arms}, 1e-8, absolute=1e-10, **r)


def best(dists, positive, lower):
    lo = min(d.mean() - 13 * d.std() for d in dists)
    hi = max(d.mean() + 13 * d.std() for d in dists)
    if positive:
        lo, hi = max(0, lo), min(1, hi)
    out = {}
    for i, d in enumerate(dists):
        others = lambda x: np.prod([(e.sf(x) if lower else e.cdf(x)) for j, e in enumerate(dists) if j != i], axis=0)
        out["best%d" % i] = integrate(lambda x: d.pdf(x) * others(x), lo, hi, 80)
        out["loss%d" % i] = integrate(lambda x: (d.sf(x) if lower else d.cdf(x)) * (1 - others(x)), lo, hi, 80)
    return out


for arms, lower in [([(51, 951), (71, 931), (60, 941)], False), ([(51, 951), (71, 931), (60, 941)], True), ([(5, 45), (9, 41), (7, 43), (12, 38), (300, 1700)], False),
                    ([(100 + i, 1900 - 3 * i) for i in range(20)], False)]:
    c.add("bayes_best_beta", SRC, {"arms": arms, "lower_is_better": lower}, 1e-8, absolute=1e-10, **best([st.beta(*a) for a in arms], True, lower))
for arms, lower in [([(10, 0.2), (10.4, 0.25), (10.1, 0.1)], False), ([(5, 1), (5.5, 2), (4, 0.5), (4.2, 0.9)], True)]:
    c.add("bayes_best_normal", SRC, {"arms": arms, "lower_is_better": lower}, 1e-8, absolute=1e-10, **best([st.norm(*a) for a in arms], False, lower))
for arm, cred in [((51, 951), 0.95), ((0.5, 20.5), 0.9), ((1, 31), 0.99), ((30000, 20), 0.95)]:
    d = st.beta(*arm)
    c.add("bayes_credible", "scipy %s beta.ppf" % scipy.__version__, {"arms": [arm], "credibility": cred}, 1e-8, low=d.ppf((1 - cred) / 2), high=d.ppf(1 - (1 - cred) / 2))
rng = np.random.default_rng(7)
for k, (a, b) in [(30, (20, 380)), (12, (3, 20))]:
    n = rng.integers(200, 3000, k)
    past = [[int(rng.binomial(m, p)), int(m)] for m, p in zip(n, rng.beta(a, b, k))]
    nll = lambda v: -sum(st.betabinom.logpmf(s, m, np.exp(v[0]), np.exp(v[1])) for s, m in past)
    o = minimize(nll, [np.log(a), np.log(b)], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 5000})
    pa, pb = np.exp(o.x)
    c.add("empirical_bayes", "scipy %s betabinom maximised by Nelder-Mead" % scipy.__version__, {"arms": past}, 2e-5, mean=pa / (pa + pb), strength=pa + pb)
for m, v, e, s in [(0, 0.0025, 0.08, 0.001), (1.5, 4, 3, 1)]:
    w = v / (v + s)
    c.add("normal_update", "conjugate closed form", {"mean": m, "variance": v, "estimate": e, "squared_error": s}, 1e-12, mean=(m / v + e / s) / (1 / v + 1 / s), sd=(1 / v + 1 / s) ** -0.5)
c.write()
