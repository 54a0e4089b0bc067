#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "kernels/family_draws.hpp"
#include "kernels/philox.hpp"
#include "kernels/skew_normal.hpp"
#include "kernels/student_t.hpp"

/// The laws of a standardised size z, one model at a time: x = location + scale * z in log10 FLOP.
/// Draw `index` of a stream, whose word 0 is replaced by the block, is float32 and has the bits of
/// the vector kernels (sizes.hpp, families.hpp); probabilities and densities are of z before that
/// rounding, the density per unit of z.
namespace flopsieve::kernels {

/// location = mean, scale = sd. Block b gives draws 4b to 4b + 3, two from words 0 and 1 and two
/// from words 2 and 3: the cosine and the sine part of Box and Muller's pair.
struct NormalSizes {
  float draw(Key key, Counter counter, std::uint32_t index) const;
  double cumulative(double z) const;
  double tail(double z) const;
  double density(double z) const;
  double largest_density() const;
};

/// location = mean and scale = sd for skew_normal_shape(), Azzalini's location and scale for
/// skew_normal_direct_shape(). Draw j uses words 2j and 2j + 1, the shape rounded to float32.
struct SkewNormalSizes {
  SkewNormalShape shape;

  float draw(Key key, Counter counter, std::uint32_t index) const;
  double cumulative(double z) const { return skew_normal_cumulative(shape, z); }
  double tail(double z) const { return skew_normal_tail(shape, z); }
  double density(double z) const { return skew_normal_density(shape, z); }
  double largest_density() const { return skew_normal_peak(shape); }
};

/// A normal law of mean and sd > 0 on [lower, upper], both finite: location = lower, scale =
/// upper - lower, z in [0, 1]. Drawn by inversion in the nearer tail (TruncatedDraw).
class TruncatedNormalSizes {
 public:
  TruncatedNormalSizes(double mean, double sd, double lower, double upper);

  /// The probability of [lower, upper] under the parent. 0 where both are beyond 37.6 standard
  /// deviations on one side: nothing else of this class may be used then.
  double mass() const { return mass_; }

  TruncatedDraw drawing() const { return TruncatedDraw(low_, width_, mirrored_); }
  float draw(Key key, Counter counter, std::uint32_t index) const;
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

/// Uniform in x: location = lower, scale = upper - lower, z in [0, 1].
struct UniformSizes {
  float draw(Key key, Counter counter, std::uint32_t index) const {
    return UniformDraw{}.draw(key, counter, index);
  }
  double cumulative(double z) const;
  double tail(double z) const { return cumulative(1.0 - z); }
  double density(double z) const { return z < 0.0 || z > 1.0 ? 0.0 : 1.0; }
  double largest_density() const { return 1.0; }
};

/// Density of m = 10^x proportional to m^(gradient - 2) on [lower, upper] (as log10): location =
/// lower, scale = upper - lower = `range`, z in [0, 1]. gradient = 1 is the uniform law of x.
class PowerLawSizes {
 public:
  /// abs(gradient - 1) * range <= 1000.
  PowerLawSizes(double gradient, double range);

  PowerLawDraw drawing() const { return PowerLawDraw(rate_); }
  float draw(Key key, Counter counter, std::uint32_t index) const;
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

  GridDraw drawing() const { return {points}; }
  float draw(Key key, Counter counter, std::uint32_t index) const;
  double cumulative(double z) const;
  double tail(double z) const { return 1.0 - cumulative(z); }
  double density(double) const { return 0.0; }
  double largest_density() const { return 0.0; }
};

/// scale = 1. At most most_drawn_components. The span must outlive the law.
class MixtureSizes {
 public:
  explicit MixtureSizes(std::span<const MixtureComponent> components);

  MixtureDraw drawing() const { return MixtureDraw(components_); }
  float draw(Key key, Counter counter, std::uint32_t index) const;
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

/// The density standardised to mean 0 and standard deviation 1: location = mean, scale = sd.
class EmpiricalSizes {
 public:
  explicit EmpiricalSizes(const KernelDensity& kernel) : kernel_(kernel) {}

  CentreTable drawing() const;
  /// Builds the table of drawing() each time.
  float draw(Key key, Counter counter, std::uint32_t index) const;
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
                             UniformSizes, PowerLawSizes, GridSizes, MixtureSizes, EmpiricalSizes>;

/// Draw `index` of z.
float draw_size(const SizeLaw& law, Key key, Counter counter, std::uint32_t index);

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
