"""Sequential designs (rpact by sequential.R, published tables) and always-valid formulas by independent routes. Run: python3 sequential.py"""
import json
import os
import subprocess
import tempfile

import mpmath as mp
import numpy as np
import scipy
import scipy.stats as st
from scipy.integrate import quad
from scipy.optimize import brentq

from cases import Cases

c = Cases("sequential")
here = os.path.dirname(os.path.abspath(__file__))
rows = os.path.join(tempfile.mkdtemp(), "rpact.json")  # rpact prints its progress, so the rows come by a file
subprocess.run(["Rscript", os.path.join(here, "sequential.R"), rows], check=True, capture_output=True)
for row in json.load(open(rows)):
    c.add(row["method"], row["source"], row["args"], row["tolerance"], **row["expect"])
# adjusted p and median-unbiased effect under a wedge of two looks at rpact's bounds: one integral over the first look's z
args, bounds = next((r["args"], r["expect"]) for r in json.load(open(rows)) if r["args"]["times"] == [0.5, 1] and r["args"].get("binding"))


def at_least(z, drift):
    given = lambda x: st.norm.pdf(x - drift * np.sqrt(0.5)) * st.norm.sf((z - x * np.sqrt(0.5) - drift * 0.5) / np.sqrt(0.5))
    b, a = bounds["upper1"], bounds["wedge1"]
    return st.norm.sf(b - drift * np.sqrt(0.5)) + quad(given, -b, -a, epsabs=1e-13)[0] + quad(given, a, b, epsabs=1e-13)[0]


for z, se in [(2.1, 0.01), (1.2, 0.4)]:
    drift = {q: brentq(lambda d: at_least(z, d) - q, -20, 20, xtol=1e-12) * se for q in (0.5, 0.025, 0.975)}
    for sign in (1, -1):
        low, high = sorted((sign * drift[0.025], sign * drift[0.975]))
        c.add("group_sequential_inference", "scipy " + scipy.__version__ + " quad at rpact's bounds", {**args, "look": 2, "estimate": sign * z * se, "se": se}, 2e-5,
              p=2 * at_least(z, 0), median=sign * drift[0.5], low=low, high=high)
fifths = [0.2, 0.4, 0.6, 0.8, 1.0]
LD = "Reboussin, DeMets, Kim, Lan (2000), printed digits"
c.add("group_sequential", LD, {"times": fifths, "spending": "of"}, 1e-4, **dict(zip(["upper%d" % k for k in range(1, 6)], [4.8769, 3.3569, 2.6803, 2.2898, 2.0310])))
c.add("group_sequential", LD, {"times": fifths, "spending": "pocock"}, 1e-4, **dict(zip(["upper%d" % k for k in range(1, 6)], [2.4380, 2.4268, 2.4101, 2.3966, 2.3859])))
JT = "Jennison, Turnbull (2000), tables 2.1 and 2.3, printed digits"
for looks, pocock, obf in [(2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024), (5, 2.413, 2.040), (10, 2.555, 2.087), (20, 2.672, 2.126)]:
    c.add("wang_tsiatis", JT, {"looks": looks, "delta": 0.5}, 0, absolute=5.1e-4, **{"upper1": pocock, "upper%d" % looks: pocock})
    c.add("wang_tsiatis", JT, {"looks": looks, "delta": 0.0}, 0, absolute=5.1e-4, **{"upper%d" % looks: obf})


def mixture(d, se, tau, confidence):
    """e by integrating the likelihood ratio over the mixing density; the interval by bisection on it."""
    d, se, tau = mp.mpf(d), mp.mpf(se), mp.mpf(tau)

    def log_e(d):
        peak = d * tau ** 2 / (tau ** 2 + se ** 2)
        width = mp.sqrt(1 / (1 / tau ** 2 + 1 / se ** 2))
        f = lambda th: mp.exp((d * th - th * th / 2) / se ** 2 - th * th / (2 * tau ** 2)) / (tau * mp.sqrt(2 * mp.pi))
        return mp.log(mp.quad(f, [peak + k * width for k in range(-12, 13, 2)]))
    e = log_e(d)
    target = -mp.log(1 - mp.mpf(confidence))
    lo, hi = mp.mpf(0), 40 * se
    for _ in range(110):
        mid = (lo + hi) / 2
        lo, hi = (mid, hi) if log_e(mid) < target else (lo, mid)
    return e, min(mp.mpf(1), mp.exp(-e)), d - lo, d + lo


mp.mp.dps = 25
for d, se, tau, conf in [(0.02, 0.0095, 0.01, 0.95), (0.5, 0.4, 1.0, 0.9), (-3, 0.6, 0.8, 0.99)]:
    e, p, lo, hi = mixture(d, se, tau, conf)
    c.add("msprt", "mpmath, mixture integrated numerically", {"estimate": d, "se": se, "tau": tau, "confidence": conf}, 1e-9, log_e=e, p=p, low=lo, high=hi)
for d, n, planned, conf in [(0.1, 4000, 10000, 0.95), (0.02, 90000, 20000, 0.9)]:
    # Waudby-Smith et al. (2021), eq. for one stream of variance 1: margin sqrt(2 (t rho^2 + 1) / (t^2 rho^2) * log(sqrt(t rho^2 + 1) / alpha))
    a = 1 - conf
    rho2 = (-2 * np.log(a) + np.log(-2 * np.log(a)) + 1) / planned
    margin = np.sqrt(2 * (n * rho2 + 1) / (n ** 2 * rho2) * np.log(np.sqrt(n * rho2 + 1) / a))
    c.add("confidence_sequence", "Waudby-Smith et al. (2021), their own parametrization", {"estimate": d, "se": 1 / np.sqrt(n), "tuned": 1 / np.sqrt(planned), "confidence": conf}, 1e-10,
          low=d - margin, high=d + margin)
rng = np.random.default_rng(3)
for n, a, b, conf in [(300, 1, 4, 0.95), (1000, 2, 2, 0.9)]:
    x = np.round(rng.beta(a, b, n), 4)
    alpha = 1 - conf
    # whole-array form of theorem 2: means and variances with one prior observation of 1/2 and 1/4
    i = np.arange(1, n + 1)
    mu = (0.5 + np.cumsum(x)) / (i + 1)
    var = (0.25 + np.cumsum((x - mu) ** 2)) / (i + 1)
    mu0, var0 = np.r_[0.5, mu[:-1]], np.r_[0.25, var[:-1]]
    lam = np.minimum(0.5, np.sqrt(2 * np.log(2 / alpha) / (var0 * i * np.log(i + 1))))
    psi = (-np.log(1 - lam) - lam) / 4
    centre = np.cumsum(lam * x) / np.cumsum(lam)
    half = (np.log(2 / alpha) + np.cumsum(4 * (x - mu0) ** 2 * psi)) / np.cumsum(lam)
    c.add("empirical_bernstein", "numpy, whole-array form of Waudby-Smith and Ramdas (2024), theorem 2", {"values": [float(v) for v in x], "confidence": conf}, 1e-9,
          low=max(0, (centre - half).max()), high=min(1, (centre + half).min()))
c.write()
