#include "kernels/distributions.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/math.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::kernels {
namespace {

constexpr double one_over_sqrt_two_pi = 0.39894228040143267794;

double triangular_quantile(const Parameters& p, double u) {
  const double width = p.c - p.a;
  const double left = p.b - p.a;
  if (u * width <= left) return p.a + std::sqrt(u * width * left);
  return p.c - std::sqrt((1.0 - u) * width * (p.c - p.b));
}

double triangular_density(const Parameters& p, double x) {
  if (x < p.a || x > p.c) return 0.0;
  const double peak = 2.0 / (p.c - p.a);
  if (x < p.b) return peak * (x - p.a) / (p.b - p.a);
  if (x > p.b) return peak * (p.c - x) / (p.c - p.b);
  return peak;
}

double triangular_cumulative(const Parameters& p, double x) {
  if (x <= p.a) return 0.0;
  if (x >= p.c) return 1.0;
  const double width = p.c - p.a;
  if (x <= p.b) return (x - p.a) * (x - p.a) / (width * (p.b - p.a));
  return 1.0 - (p.c - x) * (p.c - x) / (width * (p.c - p.b));
}

/// n ln(n / mean) + mean - n without the cancellation near n = mean.
double poisson_deviance(double mean, double n) {
  const double v = (n - mean) / (n + mean);
  if (std::abs(v) > 0.1) return n * natural_log(n / mean) + mean - n;
  double term = 2.0 * n * v;
  double sum = (n - mean) * v;
  for (double odd = 3.0; odd < 20.0; odd += 2.0) {
    term *= v * v;
    sum += term / odd;
  }
  return sum;
}

/// ln(n!) - ln(sqrt(2 pi n) (n/e)^n) for n > 0, by Stirling's series at 16 or above and the
/// recurrence of the factorial below.
double stirling_error(double n) {
  double below = 0.0;
  for (; n < 16.0; n += 1.0) below += (n + 0.5) * natural_log((n + 1.0) / n) - 1.0;
  const double y = 1.0 / (n * n);
  return below + (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - y / 1680.0) * y) * y) / n;
}

/// P(X = n). n ln(mean) - mean - ln(n!) would lose as many digits as the mean has; the saddle-point
/// form does not: C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
double poisson_probability(double mean, double n) {
  if (n < 16.0) return exponential(n * natural_log(mean) - mean - log_factorial(n));
  return one_over_sqrt_two_pi / std::sqrt(n) *
         exponential(-poisson_deviance(mean, n) - stirling_error(n));
}

/// P(X = n) in the same form: n failures before the `size`-th success.
double negative_binomial_probability(double mean, double size, double n) {
  const double sum = size + mean;
  if (n == 0.0) {  // (size / sum)^size
    if (size < mean) return exponential(size * natural_log(size / sum));
    return exponential(poisson_deviance(sum, size) - mean);
  }
  const double trials = n + size;
  const double deviance =
      poisson_deviance(trials * (mean / sum), n) + poisson_deviance(trials * (size / sum), size);
  const double error = stirling_error(trials) - stirling_error(n) - stirling_error(size);
  return one_over_sqrt_two_pi * std::sqrt(size / (trials * n)) * exponential(error - deviance);
}

}  // namespace

double quantile(Law law, const Parameters& p, double u) {
  switch (law) {
    case Law::constant:
      return p.a;
    case Law::uniform:
      return p.a + u * (p.b - p.a);
    case Law::loguniform:
      return p.a * exponential(u * natural_log(p.b / p.a));
    case Law::normal:
      return p.a + p.b * normal_quantile(u);
    case Law::lognormal:
      return exponential(p.a + p.b * normal_quantile(u));
    case Law::triangular:
      return triangular_quantile(p, u);
  }
  return 0.0;
}

double density(Law law, const Parameters& p, double x) {
  switch (law) {
    case Law::constant:
      return 0.0;
    case Law::uniform:
      return x >= p.a && x <= p.b ? 1.0 / (p.b - p.a) : 0.0;
    case Law::loguniform:
      return x >= p.a && x <= p.b ? 1.0 / (x * natural_log(p.b / p.a)) : 0.0;
    case Law::normal:
      return normal_density((x - p.a) / p.b) / p.b;
    case Law::lognormal:
      return x > 0.0 ? normal_density((natural_log(x) - p.a) / p.b) / (p.b * x) : 0.0;
    case Law::triangular:
      return triangular_density(p, x);
  }
  return 0.0;
}

double cumulative(Law law, const Parameters& p, double x) {
  switch (law) {
    case Law::constant:
      return x >= p.a ? 1.0 : 0.0;
    case Law::uniform:
      return std::clamp((x - p.a) / (p.b - p.a), 0.0, 1.0);
    case Law::loguniform:
      if (x <= p.a) return 0.0;
      return x >= p.b ? 1.0 : natural_log(x / p.a) / natural_log(p.b / p.a);
    case Law::normal:
      return normal_cdf((x - p.a) / p.b);
    case Law::lognormal:
      return x > 0.0 ? normal_cdf((natural_log(x) - p.a) / p.b) : 0.0;
    case Law::triangular:
      return triangular_cumulative(p, x);
  }
  return 0.0;
}

double largest_density(Law law, const Parameters& p) {
  switch (law) {
    case Law::constant:
      return 0.0;
    case Law::uniform:
      return 1.0 / (p.b - p.a);
    case Law::loguniform:
      return 1.0 / (p.a * natural_log(p.b / p.a));
    case Law::normal:
      return one_over_sqrt_two_pi / p.b;
    case Law::lognormal:  // at the mode exp(a - b^2)
      return one_over_sqrt_two_pi / p.b * exponential(0.5 * p.b * p.b - p.a);
    case Law::triangular:
      return 2.0 / (p.c - p.a);
  }
  return 0.0;
}

double negative_binomial_quantile(double mean, double size, double p) {
  const double sd = std::sqrt(mean + mean * (mean / size));
  // The lower tail is thinner than that of the normal law with this mean and deviation.
  double n = std::max(0.0, std::floor(mean - 8.5 * sd - 8.0));
  double probability = negative_binomial_probability(mean, size, n);
  double cumulative = probability;
  const double ratio = mean / (size + mean);
  while (cumulative < p && n < largest_negative_binomial) {
    probability *= ratio * ((n + size) / (n + 1.0));
    n += 1.0;
    cumulative += probability;
  }
  return n;
}

double poisson_quantile(double mean, double p) {
  double n = std::floor(mean - 8.5 * std::sqrt(mean) - 8.0);
  if (n < 0.0) n = 0.0;
  double probability = poisson_probability(mean, n);
  double cumulative = probability;
  const double last = mean + 12.0 * std::sqrt(mean) + 40.0;
  while (cumulative < p && n < last) {
    n += 1.0;
    probability *= mean / n;
    cumulative += probability;
  }
  return n;
}

}  // namespace flopsieve::kernels
