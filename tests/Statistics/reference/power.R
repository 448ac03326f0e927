# Power, sample size and Dunnett by R itself, mvtnorm and rpact; JSON for power.py.
suppressMessages({library(mvtnorm); library(rpact)})
num <- function(x) format(x, digits = 17, scientific = TRUE)
out <- c()
put <- function(method, source, args, value, tolerance) out <<- c(out, sprintf('{"method": "%s", "source": "%s", "args": {%s}, "tolerance": %s, "expect": {"value": %s}}', method, source, args, tolerance, num(value)))
R <- paste("R", getRversion())
for (x in list(c(0.5, 1, 100), c(0.2, 1, 400), c(2, 5, 30))) {
  r <- power.t.test(n = x[3], delta = x[1], sd = x[2], strict = TRUE)
  put("power_means", paste(R, "power.t.test strict"), sprintf('"difference": %s, "sd0": %s, "sd1": %s, "n": %s', x[1], x[2], x[2], x[3]), r$power, 1e-8)
  r <- power.t.test(power = 0.9, delta = x[1], sd = x[2], strict = TRUE, tol = 1e-12)
  put("size_means", paste(R, "power.t.test strict"), sprintf('"difference": %s, "sd0": %s, "sd1": %s, "power": 0.9', x[1], x[2], x[2]), r$n, 1e-8)
  r <- power.t.test(power = 0.8, n = x[3], sd = x[2], strict = TRUE, tol = 1e-12)
  put("mde_means", paste(R, "power.t.test strict"), sprintf('"sd0": %s, "sd1": %s, "n": %s', x[2], x[2], x[3]), r$delta, 1e-8)
}
for (x in list(c(0.05, 0.06, 8158), c(0.1, 0.08, 3000), c(0.3, 0.45, 120))) {
  r <- power.prop.test(n = x[3], p1 = x[1], p2 = x[2], strict = TRUE)
  put("power_proportions", paste(R, "power.prop.test strict"), sprintf('"p0": %s, "p1": %s, "n": %s', x[1], x[2], x[3]), r$power, 1e-9)
  r <- power.prop.test(power = 0.8, p1 = x[1], p2 = x[2], strict = TRUE, tol = 1e-13)
  put("size_proportions", paste(R, "power.prop.test strict"), sprintf('"p0": %s, "p1": %s', x[1], x[2]), r$n, 1e-8)
  r <- power.prop.test(n = x[3], p1 = x[1], power = 0.8, strict = TRUE, tol = 1e-13)
  put("mde_proportions", paste(R, "power.prop.test strict"), sprintf('"p0": %s, "n": %s', x[1], x[3]), r$p2 - x[1], 1e-7)
}
r <- power.prop.test(power = 0.8, p1 = 0.05, p2 = 0.06, alternative = "one.sided", tol = 1e-13)
put("size_proportions", paste(R, "power.prop.test"), '"p0": 0.05, "p1": 0.06, "alternative": "greater"', r$n, 1e-8)
r <- power.anova.test(groups = 4, n = 50, between.var = var(c(10, 10.5, 11, 10.2)), within.var = 4)
put("power_anova", paste(R, "power.anova.test"), '"means": [10, 10.5, 11, 10.2], "sd": 2, "units": [50, 50, 50, 50], "alpha": 0.05', r$power, 1e-8)
r <- power.anova.test(groups = 3, n = 200, between.var = var(c(1, 1.2, 1.1)), within.var = 1, sig.level = 0.01)
put("power_anova", paste(R, "power.anova.test"), '"means": [1, 1.2, 1.1], "sd": 1, "units": [200, 200, 200], "alpha": 0.01', r$power, 1e-8)
for (x in list(c(0.05, 0.05, 0.01, 1), c(0.1, 0.11, 0.02, 1), c(0.3, 0.29, 0.05, 2))) {
  d <- getSampleSizeRates(groups = 2, thetaH0 = -x[3], pi1 = x[2], pi2 = x[1], alpha = 0.025, beta = 0.2, sided = 1, allocationRatioPlanned = x[4], normalApproximation = TRUE)
  n0 <- as.numeric(d$nFixed2)
  put("size_non_inferiority", paste("rpact", packageVersion("rpact"), "getSampleSizeRates"), sprintf('"p0": %s, "p1": %s, "margin": %s, "alpha": 0.025, "ratio": %s', x[1], x[2], x[3], x[4]), n0, 1e-6)
}
source1 <- paste("mvtnorm", packageVersion("mvtnorm"))
set.seed(1)
l <- c(0.3, 0.5, 0.6); cr <- sqrt(l %o% l); diag(cr) <- 1
p <- 1 - pmvnorm(rep(-2.4, 3), rep(2.4, 3), corr = cr, algorithm = GenzBretz(maxpts = 1e6, abseps = 1e-7))[1]
put("dunnett_tail", paste(source1, "pmvnorm"), '"shares": [0.3, 0.5, 0.6], "t": 2.4', p, 2e-5)
p <- 1 - pmvt(rep(-2.9, 3), rep(2.9, 3), corr = cr, df = 25, algorithm = GenzBretz(maxpts = 1e6, abseps = 1e-7))[1]
put("dunnett_tail", paste(source1, "pmvt"), '"shares": [0.3, 0.5, 0.6], "t": 2.9, "df": 25', p, 2e-5)
cat("[", paste(out, collapse = ",\n"), "]\n")
