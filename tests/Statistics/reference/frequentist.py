"""Tails in 40 digits (mpmath), tests and intervals (scipy, statsmodels). Run: python3 frequentist.py"""
import mpmath as mp
import numpy as np
import scipy
import scipy.stats as st
import statsmodels
from statsmodels.stats.oneway import anova_generic
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from cases import Cases, beta_lower, chi_square_upper, f_upper, log_normal_upper, normal_two_sided, t_two_sided

MP, SP, SM = "mpmath %s, 40 digits" % mp.__version__, "scipy " + scipy.__version__, "statsmodels " + statsmodels.__version__
c = Cases("frequentist")


def t_quantile(p, df):
    """Root of the tail in 40 digits; scipy's isf keeps nine only."""
    sign = 1 if p < 0.5 else -1
    return sign * mp.findroot(lambda t: t_two_sided(t, df)[0] - 2 * (p if p < 0.5 else 1 - mp.mpf(p)), st.t.isf(min(p, 1 - p), float(df)))


for z in [-8, -1, 0.1, 1.959963984540054, 3, 6.5, 9.99, 10.01, 37, 40, 200, 10000]:
    c.add("normal_log_upper_tail", MP, {"z": z}, 1e-13, value=log_normal_upper(z))
for p in [0.4, 0.025, 1e-5, 1e-20, 1e-300, 0.975]:
    c.add("normal_upper_quantile", MP, {"p": p}, 1e-13, value=mp.findroot(lambda z: mp.log(mp.erfc(z / mp.sqrt(2)) / 2) - mp.log(mp.mpf(p)), st.norm.isf(p)))
for t, df in [(0.5, 1), (2, 3), (2, 30.5), (5, 12), (12, 99), (40, 1e4), (60, 1e6), (1.96, 1e9), (50, 2), (3, 0.7), (0.001, 40)]:
    p, lp = t_two_sided(t, df)
    c.add("t_two_sided", MP, {"t": t, "df": df}, 1e-11, p=p, log_p=lp)
for p, df in [(0.025, 1), (0.025, 7.3), (0.005, 50), (0.1, 1000.0), (1e-6, 20), (0.9, 4)]:
    c.add("t_upper_quantile", MP, {"p": p, "df": df}, 1e-9, value=t_quantile(p, df))
for x, df in [(3.84, 1), (0.01, 1), (5, 2), (30, 4), (900, 1), (3000, 3), (0.5, 19), (100, 120)]:
    p, lp = chi_square_upper(x, df)
    c.add("chi_square_upper", MP, {"x": x, "df": df}, 1e-11, p=p, log_p=lp)
for f, d1, d2 in [(3, 2, 30), (0.2, 4, 11.7), (25, 3, 1e5), (400, 2, 1e6), (1.01, 9, 1e8)]:
    p, lp = f_upper(f, d1, d2)
    c.add("f_upper", MP, {"f": f, "d1": d1, "d2": d2}, 1e-10, p=p, log_p=lp)
for x, a, b in [(0.3, 2, 5), (0.01, 0.5, 0.5), (0.05, 51, 951), (0.0495, 5001, 95001), (0.9, 40, 2), (0.39, 4e4, 6.1e4)]:
    p = beta_lower(mp.mpf(a), mp.mpf(b), mp.mpf(x))
    c.add("beta_cdf", MP, {"x": x, "a": a, "b": b}, 1e-10, p=p, log_p=mp.log(p))
for p, a, b in [(0.025, 5, 45), (0.975, 5, 45), (0.5, 51, 951), (0.01, 0.5, 3), (0.999, 1000, 3)]:
    c.add("beta_quantile", SP, {"p": p, "a": a, "b": b}, 1e-9, value=st.beta.ppf(p, a, b))
for a, b in [(0.5, 0.5), (3, 1e9), (1e8, 1e9), (1e-3, 20), (12, 13)]:
    c.add("log_beta", MP, {"a": a, "b": b}, 1e-13, value=mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + mp.mpf(b)))

def g_test(table):
    """2 sum O ln(O/E) in 40 digits; scipy's sum loses digits at a billion units."""
    rows, cols = [sum(r) for r in table], [sum(k) for k in zip(*table)]
    n = sum(rows)
    g = 2 * sum(o * mp.log(mp.mpf(o) * n / (rows[i] * cols[j])) for i, r in enumerate(table) for j, o in enumerate(r) if o)
    return (g, *chi_square_upper(g, (len(rows) - 1) * (len(cols) - 1)))


ARMS = [(50, 1000, 70, 1000), (18, 523, 12, 498), (1, 20, 4, 20), (200, 4000, 250, 4100), (5000, 100000, 5600, 100000),
        (50_000_000, 1_000_000_000, 50_100_000, 1_000_000_000)]
for s0, n0, s1, n1 in ARMS:
    arms = [[s0, n0], [s1, n1]]
    p0, p1 = s0 / n0, s1 / n1
    z, _ = proportions_ztest([s1, s0], [n1, n0])
    mpz = (mp.mpf(s1) / n1 - mp.mpf(s0) / n0) / mp.sqrt(mp.mpf(s0 + s1) / (n0 + n1) * (1 - mp.mpf(s0 + s1) / (n0 + n1)) * (mp.mpf(1) / n0 + mp.mpf(1) / n1))
    assert abs(z / mpz - 1) < 1e-9
    p, lp = normal_two_sided(mpz)
    c.add("two_proportion_z_pooled", SM + ", p by mpmath", {"arms": arms}, statistic=mpz, p=p, log_p=lp)
    se = mp.sqrt(mp.mpf(s0) * (n0 - s0) / mp.mpf(n0) ** 3 + mp.mpf(s1) * (n1 - s1) / mp.mpf(n1) ** 3)
    zu = (mp.mpf(s1) / n1 - mp.mpf(s0) / n0) / se
    p, lp = normal_two_sided(zu)
    c.add("two_proportion_z_unpooled", MP, {"arms": arms}, statistic=zu, p=p, log_p=lp)
    lo, hi = confint_proportions_2indep(s1, n1, s0, n0, method="wald", compare="diff")
    c.add("two_proportion_wald", SM + " confint_proportions_2indep wald", {"arms": arms}, value=p1 - p0, low=lo, high=hi, se=se)
    lo, hi = confint_proportions_2indep(s1, n1, s0, n0, method="log", compare="ratio")
    c.add("lift_log_delta", SM + " confint_proportions_2indep log ratio", {"m0": p0, "v0": p0 * (1 - p0) / n0, "m1": p1, "v1": p1 * (1 - p1) / n1},
          value=p1 / p0 - 1, low=lo - 1, high=hi - 1)
    chi2, p, df, _ = st.chi2_contingency([[s0, n0 - s0], [s1, n1 - s1]], correction=False)
    c.add("chi_square", SP + " chi2_contingency", {"arms": arms}, statistic=chi2, p=p, df=df)
    chi2, p, df, _ = st.chi2_contingency([[s0, n0 - s0], [s1, n1 - s1]], correction=True)
    c.add("chi_square", SP + " chi2_contingency, Yates", {"arms": arms, "yates": True}, statistic=chi2, p=p, df=df)
    g, p, lp = g_test([[s0, n0 - s0], [s1, n1 - s1]])
    c.add("g_test", MP, {"arms": arms}, statistic=g, p=p, log_p=lp, df=1)
for alternative, other in [("greater", "larger"), ("less", "smaller")]:
    z, p = proportions_ztest([70, 50], [1000, 1000], alternative=other)
    c.add("two_proportion_z_pooled", SM, {"arms": [[50, 1000], [70, 1000]], "alternative": alternative}, statistic=z, p=p, log_p=np.log(p))
for arms in [[(100, 1000), (120, 1010), (90, 980)], [(5, 90), (9, 100), (14, 95), (3, 100)], [(1000000, 9000000), (1001000, 9010000), (999000, 9000500)]]:
    table = [[s, n - s] for s, n in arms]
    chi2, p, df, _ = st.chi2_contingency(table, correction=False)
    c.add("chi_square", SP + " chi2_contingency", {"arms": arms}, statistic=chi2, p=p, df=df)
    g, p, df, _ = st.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    c.add("g_test", SP + " chi2_contingency log-likelihood", {"arms": arms}, 2e-9, statistic=g, p=p, df=df)
for table in [[[10, 20, 30], [15, 25, 14]], [[5, 7], [3, 9], [8, 1]]]:
    chi2, p, df, _ = st.chi2_contingency(table, correction=False)
    c.add("chi_square_table", SP + " chi2_contingency", {"table": table}, statistic=chi2, p=p, df=df)

MEANS = [((100, 10.0, 4.0), (120, 10.6, 5.5)), ((12, -3.2, 0.7), (9, -2.1, 3.1)), ((100000, 25.3, 900.0), (101000, 25.9, 950.0)),
         ((10**9, 3.1, 400.0), (10**9, 3.1011, 401.0)), ((2, 1.0, 0.5), (3, 4.0, 0.2))]
for a, b in MEANS:
    for alternative in ["two-sided", "greater", "less"]:
        t, p = st.ttest_ind_from_stats(b[1], np.sqrt(b[2]), b[0], a[1], np.sqrt(a[2]), a[0], equal_var=False, alternative=alternative)
        v0, v1 = mp.mpf(a[2]) / a[0], mp.mpf(b[2]) / b[0]
        mt = (mp.mpf(b[1]) - mp.mpf(a[1])) / mp.sqrt(v0 + v1)
        df = (v0 + v1) ** 2 / (v0 ** 2 / (a[0] - 1) + v1 ** 2 / (b[0] - 1))
        two, ltwo = t_two_sided(mt, df)
        if alternative != "two-sided":
            half = two / 2 if (mt > 0) == (alternative == "greater") else 1 - two / 2
            two, ltwo = half, mp.log(half)
        assert abs(float(two) / p - 1) < 1e-6, (p, two)
        c.add("welch_t", SP + " ttest_ind_from_stats, digits by mpmath", {"arms": [a, b], "alternative": alternative.replace("-", "")},
              statistic=mt, df=df, p=two, log_p=ltwo)
    se = mp.sqrt(v0 + v1)
    q = float(t_quantile(0.025, df))
    c.add("welch_difference", MP, {"arms": [a, b]}, value=b[1] - a[1], se=se,
          absolute=1e-9 * float(se), low=(b[1] - a[1]) - q * float(se), high=(b[1] - a[1]) + q * float(se))
    if a[1] != 0:
        m0, m1 = a[1], b[1]
        d = mp.sqrt(v1 / mp.mpf(m0) ** 2 + mp.mpf(m1) ** 2 * v0 / mp.mpf(m0) ** 4)
        z = mp.sqrt(2) * mp.erfinv(mp.mpf("0.95"))
        lift = (mp.mpf(m1) - m0) / m0
        c.add("lift_delta", MP, {"m0": m0, "v0": float(v0), "m1": m1, "v1": float(v1)}, value=lift, se=d, low=lift - z * d, high=lift + z * d)
        # Fieller by solving (m1 - r m0)^2 = q^2 (v1 + r^2 v0) as a polynomial
        roots = mp.polyroots([mp.mpf(m0) ** 2 - z * z * v0, -2 * mp.mpf(m0) * m1, mp.mpf(m1) ** 2 - z * z * v1], maxsteps=200, extraprec=200)
        if mp.mpf(m0) ** 2 > z * z * v0:
            lo, hi = sorted(r.real - 1 for r in roots)
            c.add("lift_fieller", MP + ", roots of Fieller's quadratic", {"m0": m0, "v0": float(v0), "m1": m1, "v1": float(v1)}, value=lift, low=lo, high=hi)
for arms in [[(30, 5.1, 2.0), (28, 5.9, 3.3), (35, 4.7, 1.1)], [(500, 20.0, 80.0), (510, 21.0, 95.0), (490, 19.0, 60.0), (505, 20.5, 88.0)],
             [(10**8, 7.0, 50.0), (10**8, 7.001, 51.0), (10**8, 7.002, 49.0)]]:
    r = anova_generic(*(np.array([a[i] for a in arms], dtype=float) for i in (1, 2, 0)), use_var="unequal")
    p, lp = f_upper(r.statistic, r.df[0], r.df[1])
    c.add("welch_anova", SM + " anova_generic unequal", {"arms": arms}, 1e-8, statistic=r.statistic, df=r.df[0], df2=r.df[1], p=p, log_p=lp)
for observed, shares in [([1000, 1080], [1, 1]), ([3300, 3401, 3290], [34, 33, 33]), ([50_200_000, 49_800_000], [0.5, 0.5]), ([900, 110], [0.9, 0.1])]:
    e = [sum(observed) * s / sum(shares) for s in shares]
    chi2, _ = st.chisquare(observed, e)
    p, lp = chi_square_upper(chi2, len(observed) - 1)
    c.add("sample_ratio", SP + " chisquare, p by mpmath", {"observed": observed, "shares": shares}, statistic=chi2, df=len(observed) - 1, p=p, log_p=lp)

c.write()
