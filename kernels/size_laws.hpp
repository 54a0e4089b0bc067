#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "kernels/normal_pair.hpp"
#include "kernels/skew_normal.hpp"
#include "kernels/student_t.hpp"

/// The laws of a standardised size z, one model at a time: x = location + scale * z in log10 FLOP.
/// A draw is float32, as in sizes.hpp; probabilities and densities are of z before that rounding,
/// the density per unit of z.
namespace flopsieve::kernels {

/// location = mean, scale = sd. Its draws are the bits of draw_sizes.
struct NormalSizes {
  float draw(DrawWords words) const;
  double cumulative(double z) const;
  double tail(double z) const;
  double density(double z) const;
  double largest_density() const;
};

/// location = mean and scale = sd for skew_normal_shape(), Azzalini's location and scale for
/// skew_normal_direct_shape(). Its draws are the bits of draw_sizes, the shape rounded to float32.
struct SkewNormalSizes {
  SkewNormalShape shape;

  float draw(DrawWords words) const;
  double cumulative(double z) const { return skew_normal_cumulative(shape, z); }
  double tail(double z) const { return skew_normal_tail(shape, z); }
  double density(double z) const { return skew_normal_density(shape, z); }
  double largest_density() const { return skew_normal_peak(shape); }
};

/// A normal law of mean and sd > 0 on [lower, upper], both finite: location = lower, scale =
/// upper - lower, z in [0, 1]. Drawn by inversion in the nearer tail, with 53 bits of both words.
class TruncatedNormalSizes {
 public:
  TruncatedNormalSizes(double mean, double sd, double lower, double upper);

  /// The probability of [lower, upper] under the parent. 0 where both are beyond 37.6 standard
  /// deviations on one side: nothing else of this class may be used then.
  double mass() const { return mass_; }

  float draw(DrawWords words) const;
  double cumulative(double z) const;
  double tail(double z) const;
  double density(double z) const;
  double largest_density() const;

 private:
  double between(double from, double to) const;

  double low_;     ///< lower end of the interval in standard deviations, mirrored if it is
  double width_;   ///< its width in the same units
  bool mirrored_;  ///< the interval lies above the mean: z and 1 - z change places
  double mass_;
};

/// Density of m = 10^x proportional to m^(gradient - 2) on [lower, upper] (as log10): location =
/// lower, scale = upper - lower = `range`, z in [0, 1]. gradient = 1 is the uniform law of x.
class PowerLawSizes {
 public:
  /// abs(gradient - 1) * range <= 1000.
  PowerLawSizes(double gradient, double range);

  float draw(DrawWords words) const;
  double cumulative(double z) const;
  double tail(double z) const;
  double density(double z) const;
  double largest_density() const;

 private:
  double rate_;  ///< the density of z is proportional to e^(rate z)
};

/// z = 0, 1, ..., points - 1 with equal probabilities: location = first grid point, scale = step;
/// 1 <= points <= 2^24. It has no density.
struct GridSizes {
  std::uint32_t points;

  float draw(DrawWords words) const;
  double cumulative(double z) const;
  double tail(double z) const { return 1.0 - cumulative(z); }
  double density(double) const { return 0.0; }
  double largest_density() const { return 0.0; }
};

/// One normal of a mixture; weights > 0 of any sum, mean relative to the location, sd > 0.
struct MixtureComponent {
  double weight;
  double mean;
  double sd;
};

/// scale = 1. The first word chooses the component, the second is the normal: |n| < 6.4. The span
/// must outlive the law.
class MixtureSizes {
 public:
  explicit MixtureSizes(std::span<const MixtureComponent> components);

  float draw(DrawWords words) const;
  double cumulative(double z) const;
  double tail(double z) const;
  double density(double z) const;
  /// A bound: the sum of the components' largest densities.
  double largest_density() const;

 private:
  std::span<const MixtureComponent> components_;
  double weight_;  ///< the sum of the weights
};

/// A Gaussian kernel density of log10 sizes. The spans, of equal length, must outlive it.
struct KernelDensity {
  std::span<const double> centres;
  std::span<const double> cumulative_weights;  ///< increasing, the last is the sum of the weights
  double bandwidth;                            ///< > 0
  double mean;                                 ///< of the density: of the centres
  double sd;                                   ///< of the density: with bandwidth^2 in its square
};

/// The density standardised to mean 0 and standard deviation 1: location = mean, scale = sd. The
/// first word chooses the centre, the second is the normal: |n| < 6.4.
class EmpiricalSizes {
 public:
  explicit EmpiricalSizes(const KernelDensity& kernel) : kernel_(kernel) {}

  float draw(DrawWords words) const;
  double cumulative(double z) const;
  double tail(double z) const;
  double density(double z) const;
  /// A bound: that of a single centre.
  double largest_density() const;

 private:
  KernelDensity kernel_;
};

/// StudentT: location and scale are its own.
using SizeLaw = std::variant<NormalSizes, SkewNormalSizes, StudentT, TruncatedNormalSizes,
                             PowerLawSizes, GridSizes, MixtureSizes, EmpiricalSizes>;

/// One draw of z.
float draw_size(const SizeLaw& law, DrawWords words);

/// P(Z <= z) and P(Z > z). Small values keep their digits on both sides, except for the thin side
/// of a skew-normal law (absolute error 1e-14).
double cumulative(const SizeLaw& law, double z);
double tail(const SizeLaw& law, double z);

/// P(low < Z <= high) for low <= high, taken in the smaller tail.
double probability_between(const SizeLaw& law, double low, double high);

/// The density of z; 0 for a grid, which has none.
double density(const SizeLaw& law, double z);

/// The largest value of the density, or the bound that the law states.
double largest_density(const SizeLaw& law);

/// The z of [low, high], both finite, below which the fraction u (0 < u < 1) of the probability
/// between them lies: a draw from the law within these bounds. By 50 halvings of the interval. Not
/// for a grid; probability_between(law, low, high) > 0.
double quantile_between(const SizeLaw& law, double low, double high, double u);

}  // namespace flopsieve::kernels
