#pragma once

/// Scalar double-precision functions with the same bits on every machine: only operations that
/// IEEE 754 defines exactly (+ - * / sqrt fma). The names differ from the C library's on purpose:
/// no draw and no statistic may depend on a C library's version.
///
/// Accuracy, in units of the last place (dense grids over the whole range against GNU MPFR,
/// accuracy_test.cpp): power_of_two 1.01, power_of_ten 0.98, exponential 1.02, natural_log 0.82,
/// decimal_log 1.65, log_one_plus 2.2, exponential_minus_one 2.5, log_factorial 2.5,
/// normal_quantile 5.5.
namespace flopsieve::kernels {

/// 2^x for -1022 <= x <= 1023.
double power_of_two(double x);

/// 10^x for -307 <= x <= 308; 0 below it (and for nan), infinity above.
double power_of_ten(double x);

/// e^x for -708 <= x <= 709; 0 below it (and for nan), infinity above.
double exponential(double x);

/// e^x - 1 for x <= 709, without the cancellation near 0.
double exponential_minus_one(double x);

/// ln(1 + x) for x > -1, without the cancellation near 0.
double log_one_plus(double x);

/// ln x for normal, positive x.
double natural_log(double x);

/// log10 x for normal, positive x.
double decimal_log(double x);

/// ln(n!) for n = 0, 1, 2, ...
double log_factorial(double n);

/// The p-quantile of the standard normal distribution, 0 < p < 1. Algorithm AS 241 (PPND16) of
/// Wichura, Applied Statistics 37 (1988) 477.
double normal_quantile(double p);

}  // namespace flopsieve::kernels
