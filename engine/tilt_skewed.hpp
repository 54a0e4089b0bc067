#pragma once

#include <array>
#include <vector>

namespace flopsieve::engine {

struct Interval {
  double low = 0.0;
  double high = 0.0;
};

/// A law without ends is cut so many scales away, where it has less than 1e-15 left.
inline constexpr double farthest_scale = 8.0;

inline constexpr double log_sqrt_two_pi = 0.91893853320467274178;

/// alpha / sqrt(1 + alpha^2), as which location and scale of a skew-normal law vary evenly.
double delta_of(double alpha);

/// A bound of skew-normal densities f(x) = h((x - mean) / sd) / sd with h(z) = 2 phi(t) Phi(alpha *
/// t) / scale, t = (z - location) / scale (Azzalini, Scandinavian Journal of Statistics 12 (1985)
/// 171), for means, sds and alphas in intervals.
///
/// For one alpha it is the largest density: h is log-concave, so h(u / sd) / sd for a fixed u rises
/// and falls with sd, and for a fixed sd with u. Location and scale, where they follow from alpha,
/// are cut into slices, and what they vary by in a slice is added to the interval of u = x - mean.
class SkewedBound {
 public:
  SkewedBound() = default;

  /// Whether mean and sd are those of the law, or Azzalini's location and scale.
  enum class Given { moments, azzalini };
  SkewedBound(Given given, const Interval& mean, const Interval& sd, const Interval& alpha);

  /// ln of the bound for low <= x <= high.
  double log_largest(double low, double high) const;

  /// Where all but less than 1e-15 of each law lies.
  Interval support() const;

 private:
  /// h of an end of a slice's alphas.
  struct Lean {
    double alpha;
    double mode;      ///< z
    double log_peak;  ///< ln of h there
    double up, down;  ///< z above and below 0 from where h(u / sd) / sd falls with sd
  };
  struct Slice {
    double location, scale;
    double log_scale;       ///< of the least scale, with the constant factor of h
    double location_slack;  ///< how far others of the slice are away
    double scale_slack;     ///< likewise, relative
    std::array<Lean, 2> leans;
  };

  void add_slice(const Interval& location, const Interval& scale, const Interval& alpha);
  static Lean lean_of(const Slice& slice, double alpha);
  static double log_density(const Slice& slice, double alpha, double z);
  static double slope(const Slice& slice, double alpha, double z);
  double largest_of(const Slice& slice, const Lean& lean, const Interval& u) const;

  Interval mean_, sd_, log_sd_;
  std::vector<Slice> slices_;
};

}  // namespace flopsieve::engine
