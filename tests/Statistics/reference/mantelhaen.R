# Cochran-Mantel-Haenszel of k arms and Sato's risk difference, as JSON lines for exact_and_intervals.py.
library(metafor)
num <- function(x) format(x, digits = 17, scientific = TRUE)
strata <- list(list(c(50, 1000), c(70, 1000), c(61, 990)), list(c(20, 200), c(22, 180), c(33, 210)), list(c(5, 400), c(9, 420), c(4, 390)))
two <- list(list(list(c(50, 1000), c(70, 1000)), list(c(20, 200), c(22, 180)), list(c(5, 400), c(9, 420))),
            list(list(c(12, 60), c(9, 40)), list(c(80, 100), c(140, 160)), list(c(3, 30), c(8, 33))))
json <- function(s) paste0("[", paste(sapply(s, function(st) paste0("[", paste(sapply(st, function(a) sprintf("[%d, %d]", a[1], a[2])), collapse = ", "), "]")), collapse = ", "), "]")
out <- c()
for (keep in list(1:3, 1:2)) {
  st <- strata[if (length(keep) == 3) 1:3 else 2:3]
  a <- array(0, c(3, 2, length(st)))
  for (i in seq_along(st)) for (j in 1:3) a[j, , i] <- c(st[[i]][[j]][1], st[[i]][[j]][2] - st[[i]][[j]][1])
  r <- mantelhaen.test(a)
  out <- c(out, sprintf('{"method": "cmh", "source": "R %s mantelhaen.test", "args": {"strata": %s}, "expect": {"statistic": %s, "df": %s, "p": %s}}',
    getRversion(), json(st), num(unname(r$statistic)), num(unname(r$parameter)), num(r$p.value)))
}
for (st in two) {
  f <- function(i, j) sapply(st, function(s) s[[i]][j])
  r <- rma.mh(measure = "RD", ai = f(2, 1), n1i = f(2, 2), ci = f(1, 1), n2i = f(1, 2))
  out <- c(out, sprintf('{"method": "mh_risk_difference", "source": "R metafor %s rma.mh", "args": {"strata": %s}, "tolerance": 1e-8, "expect": {"value": %s, "se": %s, "low": %s, "high": %s}}',
    packageVersion("metafor"), json(st), num(as.numeric(r$beta)), num(r$se), num(r$ci.lb), num(r$ci.ub)))
}
cat("[", paste(out, collapse = ",\n"), "]\n")
