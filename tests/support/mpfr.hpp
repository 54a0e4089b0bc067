#pragma once

#include <mpfr.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

/// Functions in 160 bits by GNU MPFR, the oracle of our own functions' accuracy.
namespace flopsieve::test {

class Mpfr {
 public:
  Mpfr() { mpfr_init2(value_, 160); }
  ~Mpfr() { mpfr_clear(value_); }
  Mpfr(const Mpfr&) = delete;
  Mpfr& operator=(const Mpfr&) = delete;

  operator mpfr_ptr() { return value_; }

 private:
  mpfr_t value_;
};

/// Replaces its argument by the exact value of a function there.
using ExactFunction = std::function<void(mpfr_ptr)>;

/// The errors of a function over some points, in units of the last place of a double at the exact
/// value unless stated otherwise.
struct WorstError {
  double ulp = 0.0;       ///< the largest
  double relative = 0.0;  ///< the largest, relative to the exact value
  double at = 0.0;        ///< where the former is reached
  double sum = 0.0;       ///< of the errors with their signs
  double count = 0.0;     ///< of points

  /// With its sign: it tells of changes that leave the largest error as it was.
  double mean() const { return sum / count; }

  void add(double x, double value, mpfr_ptr exact) {
    const double near = std::abs(mpfr_get_d(exact, MPFR_RNDN));
    const double smallest = std::numeric_limits<double>::min();
    const double unit = std::ldexp(1.0, std::ilogb(near > smallest ? near : smallest) - 52);
    mpfr_d_sub(exact, value, exact, MPFR_RNDN);
    const double signed_error = mpfr_get_d(exact, MPFR_RNDN);
    const double error = std::abs(signed_error);
    sum += signed_error / unit;
    count += 1.0;
    if (near > 0.0 && !(error / near <= relative)) relative = error / near;
    if (error / unit <= ulp) return;
    ulp = error / unit;
    at = x;
  }
};

inline WorstError worst_error(double (*function)(double), const ExactFunction& exact,
                              const std::vector<double>& xs) {
  WorstError worst;
  Mpfr value;
  for (const double x : xs) {
    mpfr_set_d(value, x, MPFR_RNDN);
    exact(value);
    worst.add(x, function(x), value);
  }
  return worst;
}

}  // namespace flopsieve::test
