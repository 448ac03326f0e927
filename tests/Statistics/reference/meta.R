# Meta-analysis by metafor, Dunnett by multcomp; JSON for combination.py.
suppressMessages({library(metafor); library(multcomp)})
num <- function(x) format(as.numeric(x), digits = 17, scientific = TRUE)
out <- c()
src <- paste("metafor", packageVersion("metafor"), "rma")
sets <- list(list(y = c(0.10, 0.30, 0.35, 0.65, 0.45, 0.15), s = c(0.17, 0.11, 0.22, 0.2, 0.14, 0.09)),
             list(y = c(0.02, 0.031, -0.012, 0.055, 0.004, 0.017, 0.09, -0.03), s = c(0.01, 0.02, 0.009, 0.013, 0.005, 0.011, 0.02, 0.015)),
             list(y = c(0.1, 0.11, 0.09, 0.12), s = c(0.05, 0.06, 0.04, 0.05)))
for (d in sets) {
  args <- sprintf('"effects": [%s]', paste(sprintf("[%s, %s]", d$y, d$s), collapse = ", "))
  r <- rma(yi = d$y, sei = d$s, method = "FE")
  body <- function(r) sprintf('"effect": %s, "se": %s, "low": %s, "high": %s, "p": %s, "q": %s, "q_p": %s', num(r$beta), num(r$se), num(r$ci.lb), num(r$ci.ub), num(r$pval), num(r$QE), num(r$QEp))
  out <- c(out, sprintf('{"method": "meta_fixed", "source": "%s", "args": {%s}, "tolerance": 1e-8, "expect": {%s}}', src, args, body(r)))
  for (m in c("DL", "REML")) for (hk in c(FALSE, TRUE)) {
    r <- rma(yi = d$y, sei = d$s, method = m, test = if (hk) "knha" else "z", control = list(threshold = 1e-14, maxiter = 10000))
    # Higgins, Thompson, Spiegelhalter (2009): t with k - 2 degrees of freedom, which this metafor gives for Hartung-Knapp only (k - 1)
    p <- predict(r)
    if (!hk) { h <- qt(0.975, length(d$y) - 2) * sqrt(r$se^2 + r$tau2); p <- list(pi.lb = r$beta - h, pi.ub = r$beta + h) }
    out <- c(out, sprintf('{"method": "meta_random", "source": "%s", "args": {%s, "estimator": "%s", "hartung_knapp": %s}, "tolerance": 1e-7, "absolute": 1e-12, "expect": {%s, "tau2": %s, "i2": %s, "prediction_low": %s, "prediction_high": %s}}',
      src, args, if (m == "DL") "DerSimonianLaird" else "Reml", tolower(hk), body(r), num(r$tau2), num(r$I2 / 100), num(p$pi.lb), num(p$pi.ub)))
  }
  r <- rma(yi = d$y, sei = d$s, method = "REML", control = list(threshold = 1e-14, maxiter = 10000))
  b <- blup(r)
  out <- c(out, sprintf('{"method": "meta_shrink", "source": "%s blup", "args": {%s}, "tolerance": 1e-7, "expect": {%s}}', src, args, paste(sprintf('"%d": %s', seq_along(b$pred) - 1, num(b$pred)), collapse = ", ")))
}
set.seed(5)
for (n in list(c(12, 10, 14), c(30, 30, 30, 30))) {
  x <- unlist(lapply(seq_along(n), function(i) rnorm(n[i], i * 0.4)))
  g <- factor(rep(seq_along(n), n))
  p <- summary(glht(aov(x ~ g), linfct = mcp(g = "Dunnett")), test = adjusted("single-step", maxpts = 1e6, abseps = 1e-7))$test$pvalues
  arms <- paste(sapply(seq_along(n), function(i) sprintf("[%d, %s, %s]", n[i], num(mean(x[g == i])), num(var(x[g == i])))), collapse = ", ")
  out <- c(out, sprintf('{"method": "dunnett_test", "source": "multcomp %s glht", "args": {"arms": [%s]}, "tolerance": 1e-3, "absolute": 2e-6, "expect": {%s}}', packageVersion("multcomp"), arms, paste(sprintf('"%d": %s', seq_along(p) - 1, num(p)), collapse = ", ")))
}
writeLines(c("[", paste(out, collapse = ",\n"), "]"), commandArgs(TRUE)[1])
