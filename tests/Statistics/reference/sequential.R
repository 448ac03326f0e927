# Group-sequential designs by rpact; JSON for sequential.py.
suppressMessages(library(rpact))
num <- function(x) ifelse(is.infinite(x) | abs(x) > 1e100, "\"-Infinity\"", format(x, digits = 15, scientific = TRUE))
out <- c()
src <- paste("rpact", packageVersion("rpact"))
kinds <- list(of = "asOF", pocock = "asP", hsd = "asHSD", kd = "asKD")
betas <- list(of = "bsOF", pocock = "bsP", hsd = "bsHSD", kd = "bsKD")
one <- function(times, alpha, sided, kind, gamma = NA_real_, futility = NULL, fgamma = NA_real_, binding = FALSE, beta = 0.2) {
  d <- getDesignGroupSequential(kMax = length(times), informationRates = times, alpha = alpha, sided = sided, typeOfDesign = kinds[[kind]], gammaA = gamma, beta = beta,
    typeBetaSpending = if (is.null(futility)) "none" else betas[[futility]], gammaB = fgamma, bindingFutility = if (is.null(futility)) FALSE else binding, tolerance = 1e-10,
    betaAdjustment = is.null(futility) || sided == 1, twoSidedPower = !is.null(futility) && sided == 2)
  ch <- getDesignCharacteristics(d)
  args <- sprintf('"times": [%s], "alpha": %s, "beta": %s, "spending": "%s"', paste(times, collapse = ", "), alpha, beta, kind)
  if (!is.na(gamma)) args <- paste0(args, sprintf(', "spending_parameter": %s', gamma))
  if (sided == 1) args <- paste0(args, ', "one_sided": true')
  if (!is.null(futility)) args <- paste0(args, sprintf(', "futility": "%s"', futility), if (!is.na(fgamma)) sprintf(', "futility_parameter": %s', fgamma) else "", if (binding) ', "binding": true' else "")
  expect <- paste(sprintf('"upper%d": %s', seq_along(times), num(d$criticalValues)), collapse = ", ")
  if (!is.null(futility)) expect <- paste0(expect, ", ", paste(sprintf('"%s%d": %s', if (sided == 1) "lower" else "wedge", seq_len(length(times) - 1), num(ifelse(is.na(d$futilityBounds), 0, d$futilityBounds))), collapse = ", "))
  expect <- paste0(expect, sprintf(', "drift": %s, "inflation": %s', num(sqrt(ch$shift)), num(ch$inflationFactor)))
  out <<- c(out, sprintf('{"method": "group_sequential", "source": "%s getDesignGroupSequential", "args": {%s}, "tolerance": %s, "expect": {%s}}', src, args, if (length(times) > 5) 5e-5 else 3e-6, expect))
}
t3 <- c(0.3, 0.6, 1); t5 <- (1:5) / 5; odd <- c(0.1, 0.35, 0.4, 0.8, 1)
for (k in c("of", "pocock")) { one(t5, 0.05, 2, k); one(odd, 0.05, 2, k); one(t3, 0.025, 1, k) }
one(t5, 0.05, 2, "hsd", -4); one(odd, 0.01, 2, "hsd", 1); one(t3, 0.025, 1, "hsd", -2)
one(t5, 0.05, 2, "kd", 3); one(odd, 0.05, 2, "kd", 1); one(t3, 0.025, 1, "kd", 2)
one((1:10) / 10, 0.05, 2, "of")
for (b in c(TRUE, FALSE)) { one(t3, 0.025, 1, "of", futility = "of", binding = b); one(t5, 0.025, 1, "pocock", futility = "kd", fgamma = 2, binding = b, beta = 0.1); one(odd, 0.05, 1, "hsd", -4, futility = "hsd", fgamma = -2, binding = b) }
for (b in c(TRUE, FALSE)) { # inner wedges, without rpact's rescaling of what closed looks leave unspent
  one(t3, 0.05, 2, "of", futility = "of", binding = b); one(t5, 0.05, 2, "pocock", futility = "kd", fgamma = 2, binding = b, beta = 0.1)
  one(odd, 0.1, 2, "hsd", -4, futility = "hsd", fgamma = -2, binding = b); one(c(0.5, 1), 0.05, 2, "of", futility = "pocock", binding = b, beta = 0.1)
}
d <- getDesignGroupSequential(kMax = 3, informationRates = t3, alpha = 0.025, sided = 1, typeOfDesign = "asOF", tolerance = 1e-10)
for (stop in 2:3) {
  means <- if (stop == 2) c(0.35, 0.5) else c(0.15, 0.1, 0.45)
  n <- c(60, 60, 80)[1:stop]
  x <- getDataset(n = n, means = means, stDevs = rep(1, stop))
  r <- getAnalysisResults(d, x, normalApproximation = TRUE)
  s <- getStageResults(d, x, normalApproximation = TRUE)
  est <- s$overallMeans[stop]; se <- s$overallStDevs[stop] / sqrt(sum(n))
  out <- c(out, sprintf('{"method": "group_sequential_inference", "source": "%s getAnalysisResults", "args": {"times": [0.3, 0.6, 1], "alpha": 0.025, "one_sided": true, "look": %d, "estimate": %s, "se": %s}, "tolerance": 2e-5, "expect": {"p": %s, "median": %s, "low": %s, "repeated_low": %s}}',
    src, stop, num(est), num(se), num(r$finalPValues[stop]), num(r$medianUnbiasedEstimates[stop]), num(r$finalConfidenceIntervalLowerBounds[stop]), num(r$repeatedConfidenceIntervalLowerBounds[stop])))
}
writeLines(c("[", paste(out, collapse = ",\n"), "]"), commandArgs(TRUE)[1])
