"""Collects reference cases and writes them as JSON. No figure here comes from the library under test."""
import json
import os

import mpmath as mp

mp.mp.dps = 40


class Cases:
    def __init__(self, name):
        self.path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".json")
        self.items = []

    def add(self, method, source, args, tolerance=1e-9, absolute=None, **expect):
        item = {"method": method, "source": source, "args": args,
                "expect": {k: number(v) for k, v in expect.items()}, "tolerance": tolerance}
        if absolute is not None:
            item["absolute"] = absolute
        self.items.append(item)

    def write(self):
        with open(self.path, "w") as f:
            f.write("[\n" + ",\n".join("  " + json.dumps(i) for i in self.items) + "\n]\n")
        print(len(self.items), self.path)


def number(v):
    v = float(v)
    return v if abs(v) != float("inf") else ("Infinity" if v > 0 else "-Infinity")


def log_normal_upper(z):
    return mp.log(mp.erfc(mp.mpf(z) / mp.sqrt(2)) / 2)


def normal_two_sided(z):
    """p and ln p of |Z| > |z| in 40 digits."""
    p = mp.erfc(abs(mp.mpf(z)) / mp.sqrt(2))
    return p, mp.log(p)


def chi_square_upper(x, df):
    p = mp.gammainc(mp.mpf(df) / 2, mp.mpf(x) / 2, mp.inf, regularized=True)
    return p, mp.log(p)


def t_two_sided(t, df):
    t, df = mp.mpf(t), mp.mpf(df)
    p = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True)
    return p, mp.log(p)


def f_upper(f, d1, d2):
    f, d1, d2 = mp.mpf(f), mp.mpf(d1), mp.mpf(d2)
    p = mp.betainc(d2 / 2, d1 / 2, 0, d2 / (d2 + d1 * f), regularized=True)
    return p, mp.log(p)


def beta_lower(a, b, x):
    """Regularized incomplete beta by quadrature of the density over the 40 standard deviations below x."""
    if a + b < 2000:
        return mp.betainc(a, b, 0, x, regularized=True)
    log_b = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    sd = mp.sqrt(a * b / (a + b + 1)) / (a + b)
    points = [max(mp.mpf(0), x - k * sd) for k in range(40, -1, -2)]
    return mp.quad(lambda t: mp.exp((a - 1) * mp.log(t) + (b - 1) * mp.log(1 - t) - log_b) if t > 0 else mp.mpf(0), sorted(set(points)))
