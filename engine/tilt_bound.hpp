#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/inputs.hpp"
#include "engine/plan.hpp"
#include "engine/tilt_parameters.hpp"
#include "engine/tilt_skewed.hpp"

/// Bounds of the density of x = log10 FLOP under all laws of sizes with parameters between two.
namespace flopsieve::engine {

/// The parameters of the law of sizes, which may lie anywhere between the two, each for itself.
struct TiltRange {
  CandidateInputs low;
  CandidateInputs high;
};

/// A bound that holds for every law of a range, and is the largest density where the range is one
/// law (of a mixture, the sum of those of its components). Not of a grid, an allocation or
/// Student's t. All ends of sizes have their order whatever the parameters are: no lower end is
/// above an upper one.
///
/// With t = (x - location) / scale, and all maxima over the intervals of what they hang on:
///   normal, mixture, empirical  sum of (largest weight / sum of the weights) * (largest normal
///                               density of each component)
///   truncated_normal            largest normal density / least probability of the narrowest range
///   skew_normal                 tilt_skewed.hpp
///   uniform, power_law          1 / integral of 10^((gradient - 1)(y - x)) dy over the narrowest
///                               range that holds x, with the largest gradient below x and the
///                               least above
class TiltBound {
 public:
  /// `sizes` must outlive this.
  TiltBound(const Sizes& sizes, const TiltRange& range);

  /// Where sizes may lie; a law without ends is cut where it has less than 1e-15 left.
  const Interval& support() const { return support_; }

  /// ln of the bound for low <= x <= high, per OOM; -infinity where it is 0.
  double log_largest(double low, double high) const;

  /// About how much ln of the density of a likely size varies with a parameter of the list of
  /// tilt_parameters.hpp; 0 of one that does not vary.
  double variation(std::size_t parameter) const;

  /// Of all parameters together.
  double variation() const;

 private:
  /// A normal component.
  struct Bell {
    double log_weight;  ///< with all factors that are the same everywhere
    Interval mean, sd;
    Interval log_sd;
  };

  void set_normal();
  void set_mixture();
  void set_empirical();
  void set_skewed();
  void set_ends(std::size_t lower, std::size_t upper);
  void add_bell(double log_weight, const Interval& mean, const Interval& sd);
  double least_log_mass() const;
  double log_flat(double low, double high) const;
  double log_sum(double low, double high) const;
  static double log_bell(const Bell& bell, double low, double high);
  Interval parameter(std::size_t i) const;
  double scale_at(std::size_t location) const;

  const Sizes* sizes_;
  TiltRange range_;
  std::vector<Bell> bells_;
  Interval support_;
  Interval narrowest_;  ///< of laws with ends: from the highest lower one to the lowest upper one
  Interval rate_;       ///< of laws without bells: the density is proportional to exp(rate * x)
  std::optional<SkewedBound> skewed_;
};

}  // namespace flopsieve::engine
