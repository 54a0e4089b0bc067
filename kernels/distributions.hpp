#pragma once

#include <cstdint>

/// Laws of scalar inputs: quantile function beside density. A draw is quantile(law, u), so that one
/// latent u can be reused in every year.
namespace flopsieve::kernels {

/// Parameters a, b, c of each law:
///   constant    a
///   uniform     a = lower, b = upper
///   loguniform  a = lower, b = upper, both positive
///   normal      a = mean, b = standard deviation > 0
///   lognormal   a = mean of ln x, b = standard deviation of ln x > 0
///   triangular  a = lower, b = mode, c = upper
enum class Law : std::uint8_t { constant, uniform, loguniform, normal, lognormal, triangular };

struct Parameters {
  double a = 0.0;
  double b = 0.0;
  double c = 0.0;
};

/// The p-quantile, 0 < p < 1.
double quantile(Law law, const Parameters& parameters, double p);

/// The density at x; 0 outside the support. Not for `constant`.
double density(Law law, const Parameters& parameters, double x);

/// P(X <= x).
double cumulative(Law law, const Parameters& parameters, double x);

/// The largest value of the density: the bound that rejection by density needs.
double largest_density(Law law, const Parameters& parameters);

/// The smallest n with P(X <= n) >= p, X Poisson with 0 < mean <= 1e6, 0 < p < 1. Sums the
/// probabilities upward from where the lower tail is below 1e-16. Cost: about 9 sqrt(mean) steps.
double poisson_quantile(double mean, double p);

/// Where negative_binomial_quantile stops.
inline constexpr double largest_negative_binomial = 1e6;

/// The smallest n with P(X <= n) >= p, but at most `largest_negative_binomial`; X negative binomial
/// with 0 < mean <= 2e5, size > 0 (variance mean + mean^2 / size), 0 < p < 1. Sums upward like
/// poisson_quantile. Cost: a step for each count within about 9 standard deviations below n.
double negative_binomial_quantile(double mean, double size, double p);

}  // namespace flopsieve::kernels
