#!/usr/bin/env python3
"""Simulates traffic with every kind of metric and every awkward event, and tallies it by itself, with scipy.

    python3 tests/Services/Statistics/reference/tally.py

writes tally-days.json (windows of days, a pause, late events) and tally-minutes.json (all within the hour that a gateway takes events
ahead of its clock, for the whole platform). Nothing here shares code with the platform: outcomes are read from the definitions of
docs/analysis.md, estimates are scipy's.
"""
import hashlib
import json
import math
import pathlib
import random
import struct

from scipy import stats

ONE = 10_000
HOUR = 3_600_000
ARMS = ["a", "b", "c"]
ALPHA = 0.05


def metrics(unit_hours):
    common = {"direction": "increase"}
    window = {"window_hours": 2 * unit_hours}
    return [{**common, **m} for m in [
        {"key": "bought", "kind": "conversion", "event": "purchase", **window},
        {"key": "pro", "kind": "conversion", "event": "purchase", "filter": {"plan": "pro", "value": {"$gt": 5}}},
        {"key": "clicks", "kind": "count", "event": "click", "cap": 3, **window},
        {"key": "revenue", "kind": "sum", "event": "purchase", "cap": 100, "covariate_days": 2, **window},
        {"key": "points", "kind": "sum", "event": "purchase", "value_property": "loyalty.points"},
        {"key": "basket", "kind": "mean", "event": "purchase", **window},
        {"key": "per_click", "kind": "ratio", "numerator": {"event": "purchase"}, "denominator": {"event": "click"}},
        {"key": "points_per_value", "kind": "ratio", "numerator": {"event": "purchase", "value_property": "loyalty.points"},
         "denominator": {"event": "purchase", "aggregation": "sum"}},
        {"key": "p90", "kind": "quantile", "event": "purchase", "q": 0.9},
        {"key": "time_to_buy", "kind": "duration", "event": "purchase", "start_event": "click", "cap": 100_000},
        {"key": "time_to_click", "kind": "duration", "event": "click", **window},
        {"key": "back", "kind": "retention", "event": "click", "day": 1},
        {"key": "way", "kind": "conversion", "steps": [{"event": "click"}, {"event": "add", "filter": {"sku": 7}}, {"event": "purchase"}]},
    ]]


def traffic(rng, unit_ms, periods, with_late):
    """Rows of (unit, id, type, time, value, properties, variant, delay): times in ms since the start, values as text."""
    rows = []
    span = periods[-1][1]

    def add(unit, kind, time, value=None, properties=None, variant=None, delay=500):
        rows.append({"unit": unit, "id": f"{unit}.{len(rows)}", "type": kind, "time": int(time), "value": value, "properties": properties, "variant": variant, "delay": delay})

    def act(unit, time, arm, delay=500):
        kind = rng.choices(["click", "add", "purchase"], [5, 2, 3 + ARMS.index(arm)])[0]
        if kind == "purchase":
            value = None if rng.random() < 0.1 else f"{rng.lognormvariate(2.5 + 0.1 * ARMS.index(arm), 1):.{rng.choice([2, 4])}f}"
            properties = rng.choice([None, {"plan": "pro"}, {"plan": "pro", "loyalty": {"points": rng.randrange(50)}}, {"loyalty": {"points": rng.randrange(9) + 0.5}}])
            add(unit, kind, time, value, properties, delay=delay)
        else:
            add(unit, kind, time, properties={"sku": rng.choice([7, 7, 8])} if kind == "add" else None, delay=delay)

    for i in range(300):
        unit = f"u{i}"
        arm = rng.choice(ARMS)
        exposed = rng.randrange(periods[0][0], span - 1)
        for _ in range(rng.randrange(4)):  # before the exposure: covariates
            act(unit, exposed - rng.randrange(1, 3 * 24 * HOUR if unit_ms > HOUR else 60 * HOUR), arm)
        if i % 9 != 8:
            add(unit, "exposure", exposed, variant=arm)
        if i % 13 == 0:
            add(unit, "exposure", exposed + 1, variant=arm)  # the same variant again
        if i % 29 == 0:
            add(unit, "exposure", exposed + unit_ms // 7, variant=ARMS[(ARMS.index(arm) + 1) % 3])  # a crossover, where it is still in the run
        if i % 31 == 0:
            add(unit, "exposure", exposed, variant="nobody")
        if i % 17 == 0:
            add(unit, "exposure", -1 - i, variant=arm)  # before the start
        for _ in range(rng.randrange(6)):
            act(unit, exposed + rng.randrange(int(3.2 * unit_ms)), arm)
        if i % 5 == 0:  # the edges of the windows
            for edge in [0, 2 * unit_ms - 1, 2 * unit_ms, 24 * HOUR - 1, 24 * HOUR, 48 * HOUR - 1, 48 * HOUR]:
                if unit_ms > HOUR or edge <= 2 * unit_ms:
                    add(unit, "click", exposed + edge)
                    add(unit, "purchase", exposed + edge + (1 if edge % 2 == 0 else 0), value="12.5")
        if i % 7 == 0:
            add(unit, "purchase", span, value="1000")  # the moment of the stop
            add(unit, "purchase", span - 1, value="1000")
        if with_late and i % 6 == 0:
            act(unit, exposed + 5, arm, delay=72 * HOUR)  # as late as can be
            act(unit, exposed + 6, arm, delay=72 * HOUR + 1)  # too late
            add(unit, "exposure", exposed, variant=ARMS[0], delay=90 * HOUR)  # too late: no crossover
    return rows


def part_ties(rows):
    """A millisecond between a unit's events: ties are ordered by their ids, which are others in every run on the platform."""
    last = {}
    for row in sorted((r for r in rows if r["variant"] is None), key=lambda r: (r["unit"], r["time"])):
        row["time"] = max(row["time"], last.get(row["unit"], -(10**15)) + 1)
        last[row["unit"]] = row["time"]


def scaled(text):
    """Exact units of 1e-4 of a decimal text with at most four decimals."""
    whole, _, fraction = str(text).partition(".")
    return int(whole) * ONE + int((fraction + "0000")[:4])


def id_order(row):
    return row["time"], hashlib.sha256(row["id"].encode()).digest()[:16]


def passes(metric_filter, row):
    """The conditions used above, and no others."""
    for name, wanted in (metric_filter or {}).items():
        if name == "value":
            if row["value"] is None or not float(row["value"]) > wanted["$gt"]:
                return False
        elif (row["properties"] or {}).get(name) != wanted:
            return False
    return True


def worth(term, row):
    path = term.get("value_property")
    if term.get("aggregation") == "count":
        return ONE
    if path is None:
        return None if row["value"] is None else scaled(row["value"])
    value = row["properties"] or {}
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return scaled(value)


def half_even(total, count):
    whole, rest = divmod(total, count)
    return whole + (1 if 2 * rest > count or (2 * rest == count and whole % 2 == 1) else 0)


def outcome(metric, facts, exposed, stop):
    """(x, y) in units of 1e-4 with y the covariate or the denominator, None without an outcome, a list for quantiles, steps for funnels."""
    end = exposed + metric["window_hours"] * HOUR if "window_hours" in metric else stop
    kind, cap = metric["kind"], metric.get("cap", 10**9) * ONE

    def taken(event, low, high, condition=None):
        return [f for f in facts if f["type"] == event and low <= f["time"] < high and passes(condition, f)]

    def measure(low, high):
        found = taken(metric["event"], low, high, metric.get("filter"))
        if kind in ("conversion", "retention"):
            return ONE if found else 0
        if kind == "count":
            return ONE * len(found)
        values = [w for w in (worth(metric, f) for f in found) if w is not None]
        if kind == "sum":
            return sum(values)
        return half_even(sum(values), len(values)) if values else None

    if "steps" in metric:
        reached = 0
        for fact in facts:
            if exposed <= fact["time"] < end and reached < len(metric["steps"]):
                step = metric["steps"][reached]
                reached += fact["type"] == step["event"] and passes(step.get("filter"), fact)
        return (ONE if reached == len(metric["steps"]) else 0, 0), reached
    if kind == "ratio":
        def part(term, default):
            found = taken(term["event"], exposed, end)
            return sum(default(f) if "value_property" not in term and "aggregation" not in term else worth(term, f) or 0 for f in found)
        return (part(metric["numerator"], lambda f: ONE if f["value"] is None else scaled(f["value"])), part(metric["denominator"], lambda f: ONE)), None
    if kind == "quantile":
        return None, [scaled(f["value"]) for f in taken(metric["event"], exposed, end) if f["value"] is not None]
    if kind == "duration":
        start = None if "start_event" in metric else exposed
        for fact in facts:
            if not exposed <= fact["time"] < end:
                continue
            if start is not None and fact["type"] == metric["event"]:
                return (min(cap, (fact["time"] - start) * 10), 0), None
            if start is None and fact["type"] == metric["start_event"]:
                start = fact["time"]
        return None, None
    low, high = (exposed + metric["day"] * 24 * HOUR, exposed + (metric["day"] + 1) * 24 * HOUR) if kind == "retention" else (exposed, end)
    x = measure(low, high)
    before = measure(exposed - metric.get("covariate_days", 14) * 24 * HOUR, exposed) or 0
    return None if x is None else (min(x, cap), before), None


def unit_hash(unit):
    h = 14695981039346656037
    for code, in struct.iter_unpack("<H", unit.encode("utf-16-le")):
        h = ((h ^ (code & 255)) * 1099511628211) % 2**64
        h = ((h ^ (code >> 8)) * 1099511628211) % 2**64
    h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) % 2**64
    return h ^ (h >> 31)


def sketched(value):
    """The middle of the value's bucket of 1 % relative error."""
    log_gamma = math.log(1.01 / 0.99)
    return 0.0 if value == 0 else math.exp(math.ceil(math.log(value) / log_gamma) * log_gamma) * 0.99


def t_quantile(df):
    """Upper 2.5 % of Student's t: scipy's own keeps nine digits, two of Newton's steps give the rest."""
    q = stats.t.ppf(0.975, df)
    for _ in range(2):
        q += (stats.t.sf(q, df) - 0.025) / stats.t.pdf(q, df)
    return q


def quantile(groups, q):
    """Estimate and Woodruff's error from 40 groups of units."""
    values = sorted(v for g in groups for v in g)
    if not values:
        return None
    at = lambda p: values[int(p * (len(values) - 1))]
    value = at(q)
    clusters = [(len(g), sum(v <= value for v in g)) for g in groups if g]
    share = sum(b for _, b in clusters) / len(values)
    g = len(clusters)
    error = math.sqrt(g / (g - 1) * sum((b - share * c) ** 2 for c, b in clusters)) / len(values)
    t = t_quantile(g - 1)
    return value, (at(q + t * error) - at(q - t * error)) / (2 * t)


def fieller(m0, v0, m1, v1, q):
    a = m0 * m0 - q * q * v0
    if a <= 0:
        return None
    b, c = m0 * m1, m1 * m1 - q * q * v1
    root = math.sqrt(max(0, b * b - a * c))
    return [(b - root) / a - 1, (b + root) / a - 1]


def moments(values):
    n, mean = len(values), math.fsum(values) / len(values)
    return n, mean, math.fsum((v - mean) ** 2 for v in values) / (n - 1)


def figures(metric, arms, control):
    """One arm's figures against the control's; arms are lists of (x, y) pairs, or of groups for quantiles."""
    kind, its = metric["kind"], {}
    if kind == "quantile":
        estimate = quantile(arms, metric["q"])
        its.update(sum=sum(len(g) for g in arms), mean=estimate[0], standard_error=estimate[1])
        if control is not arms:
            m0, e0 = quantile(control, metric["q"])
            se = math.hypot(e0, estimate[1])
            if se > 0:
                its.update(difference=estimate[0] - m0, p_value=2 * stats.norm.sf(abs(estimate[0] - m0) / se), lift=estimate[0] / m0 - 1)
        return its
    x, y = [p[0] / ONE for p in arms], [p[1] / ONE for p in arms]
    n = len(x)
    its.update(n=n, sum=sum(p[0] for p in arms) / ONE)
    if kind == "ratio":
        def linear(pairs):
            xs, ys = [p[0] / ONE for p in pairs], [p[1] / ONE for p in pairs]
            r, mean_y = math.fsum(xs) / math.fsum(ys), math.fsum(ys) / len(ys)
            return r, moments([a - r * b for a, b in zip(xs, ys)])[2] / mean_y**2 / len(xs)
        m1, v1 = linear(arms)
        its.update(mean=m1, standard_error=math.sqrt(v1), denominator=sum(p[1] for p in arms) / ONE)
        if control is not arms:
            m0, v0 = linear(control)
            q = stats.norm.ppf(0.975)
    elif kind in ("conversion", "retention"):
        m1, v1 = math.fsum(x) / n, math.fsum(x) / n * (1 - math.fsum(x) / n) / n
        its.update(mean=m1, standard_error=math.sqrt(v1))
        if control is not arms:
            c = [p[0] / ONE for p in control]
            m0, v0 = math.fsum(c) / len(c), math.fsum(c) / len(c) * (1 - math.fsum(c) / len(c)) / len(c)
            q = stats.norm.ppf(0.975)
    else:
        _, m1, s1 = moments(x)
        v1 = s1 / n
        its.update(mean=m1, standard_error=math.sqrt(v1))
        if control is not arms:
            c = [p[0] / ONE for p in control]
            _, m0, s0 = moments(c)
            v0 = s0 / len(c)
            q = t_quantile((v0 + v1) ** 2 / (v0**2 / (len(c) - 1) + v1**2 / (n - 1)))
    if control is arms:
        return its
    se = math.sqrt(v0 + v1)
    d = m1 - m0
    if se == 0:
        return its
    its.update(difference=d, difference_interval=[d - q * se, d + q * se], lift=d / m0 if m0 else None, lift_interval=fieller(m0, v0, m1, v1, q))
    if kind in ("conversion", "retention"):
        pooled = (sum(c) + sum(x)) / (len(c) + n)
        its["p_value"] = 2 * stats.norm.sf(abs(d) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / len(c))))
    elif kind == "ratio":
        its["p_value"] = 2 * stats.norm.sf(abs(d) / se)
    else:
        its["p_value"] = stats.ttest_ind(x, c, equal_var=False).pvalue
    # The confidence sequence, tuned for 5 000 units in each arm.
    factor = math.sqrt(-2 * math.log(ALPHA) + math.log(-2 * math.log(ALPHA)) + 1)
    r = (factor * math.sqrt((n + len(control)) / 10_000)) ** 2
    its["always_valid_p_value"] = min(1.0, math.sqrt(1 + r) * math.exp(-0.5 * (d / se) ** 2 * r / (1 + r)))
    if kind in ("ratio", "duration") or "steps" in metric:
        return its
    # CUPED with one slope for both arms.
    yc = [p[1] / ONE for p in control]
    my1, my0 = math.fsum(y) / n, math.fsum(yc) / len(yc)
    mx0 = math.fsum(c) / len(c)
    syy = math.fsum((b - my1) ** 2 for b in y) + math.fsum((b - my0) ** 2 for b in yc)
    sxy = math.fsum((a - m1) * (b - my1) for a, b in zip(x, y)) + math.fsum((a - mx0) * (b - my0) for a, b in zip(c, yc))
    if syy > 0:
        theta = sxy / syy
        adjusted = stats.ttest_ind([a - theta * b for a, b in zip(x, y)], [a - theta * b for a, b in zip(c, yc)], equal_var=False)
        its["adjusted_p_value"] = adjusted.pvalue
        its["adjusted_difference"] = m1 - theta * my1 - (mx0 - theta * my0)
    return its


def tally(rows, periods, stop, definitions):
    units, excluded = {}, {"crossover": 0, "mismatch": 0}
    for row in rows:
        if row["delay"] <= 72 * HOUR:
            units.setdefault(row["unit"], []).append(row)
    arms = {arm: [] for arm in ARMS}
    for unit, facts in units.items():
        facts.sort(key=id_order)
        inside = [f for f in facts if f["variant"] is not None and any(low <= f["time"] < high for low, high in periods)]
        seen = [f for f in inside if f["variant"] in ARMS]
        excluded["mismatch"] += any(f["variant"] not in ARMS for f in inside)
        if not seen:
            continue
        if len({f["variant"] for f in seen}) > 1:
            excluded["crossover"] += 1
            continue
        arms[seen[0]["variant"]].append((unit, facts, seen[0]["time"]))
    expected = {"exposures": sum(len(a) for a in arms.values()), "crossover_units": excluded["crossover"], "mismatched_units": excluded["mismatch"], "metrics": []}
    for metric in definitions:
        data, steps = {}, {}
        for arm, members in arms.items():
            found = [(unit, *outcome(metric, facts, exposed, stop)) for unit, facts, exposed in members]
            if metric["kind"] == "quantile":
                data[arm] = [[] for _ in range(40)]
                for unit, _, values in found:
                    data[arm][unit_hash(unit) % 40] += [sketched(v / ONE) for v in values]
            else:
                data[arm] = [pair for _, pair, _ in found if pair is not None]
                steps[arm] = [reached for _, _, reached in found]
        variants = []
        for arm in ARMS:
            its = figures(metric, data[arm], data[ARMS[0]])
            its.setdefault("n", len(arms[arm]))
            if "steps" in metric:
                its["steps"] = [sum(r > i for r in steps[arm]) for i in range(len(metric["steps"]))]
            variants.append({"key": arm, **its})
        overall = None
        if metric["kind"] in ("conversion", "retention"):
            table = [[sum(p[0] for p in data[a]) // ONE, len(data[a]) - sum(p[0] for p in data[a]) // ONE] for a in ARMS]
            overall = stats.chi2_contingency(table, correction=False)[1] if sum(t[0] for t in table) > 0 else None
        expected["metrics"].append({"key": metric["key"], "p_value": overall, "variants": variants})
    return expected


def write(name, seed, unit_hours, periods, stop, with_late):
    unit_ms = int(unit_hours * HOUR)
    rows = traffic(random.Random(seed), unit_ms, periods, with_late)
    if not with_late:
        part_ties(rows)
    definitions = metrics(unit_hours)
    result = {"source": "tests/Services/Statistics/reference/tally.py", "periods": periods, "metrics": definitions, "events": rows, "expected": tally(rows, periods, stop, definitions)}
    path = pathlib.Path(__file__).with_name(name)
    path.write_text(json.dumps(result, separators=(",", ":")).replace('},{"unit"', '},\n{"unit"') + "\n")


write("tally-days.json", 20, 24.0, [[0, 5 * 24 * HOUR], [6 * 24 * HOUR, 9 * 24 * HOUR]], 9 * 24 * HOUR, True)
write("tally-minutes.json", 21, 0.1, [[0, 40 * 60_000]], 10**15, False)  # never stopped
