#include "kernels/skew_normal.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::kernels {
namespace {

/// Nodes and weights of Gauss and Legendre's rule with 20 points on [-1, 1], the positive half.
struct Node {
  double at;
  double weight;
};
constexpr std::array<Node, 10> nodes = {{{0x1.3973df98b86b0p-4, 0x1.38d6c490a336ep-3},
                                         {0x1.d281636928bc1p-3, 0x1.31819b52c598fp-3},
                                         {0x1.7eaccf15652c4p-2, 0x1.230348f34a52fp-3},
                                         {0x1.05905c13f7ff7p-1, 0x1.0db2c5db26dfbp-3},
                                         {0x1.45a8d3fa710dbp-1, 0x1.e41ff31573b3cp-4},
                                         {0x1.7e1f37346a54ep-1, 0x1.a1817a317a814p-4},
                                         {0x1.ada0bd5efd6e7p-1, 0x1.5519fe196e244p-4},
                                         {0x1.d31064173fd91p-1, 0x1.00b467df7e490p-4},
                                         {0x1.ed8dba7bd769fp-1, 0x1.4c9b5ea53b617p-5},
                                         {0x1.fc7b5a0c71ce0p-1, 0x1.209680274e9fcp-6}}};

/// T(h, a) for h >= 0 and 0 <= a <= 1.
double small_owens_t(double h, double a) {
  const auto integrand = [&](double x) {
    const double factor = 1.0 + x * x;
    return exponential(-0.5 * h * h * factor) / factor;
  };
  double sum = 0.0;
  for (const Node& node : nodes) {
    const double left = 0.5 * a * (1.0 - node.at);
    const double right = 0.5 * a * (1.0 + node.at);
    sum += node.weight * (integrand(left) + integrand(right));
  }
  constexpr double one_over_four_pi = 0.079577471545947667884;
  return one_over_four_pi * a * sum;
}

/// The shape in Azzalini's parameters: X = location + scale * (skew-normal with parameter alpha).
struct Azzalini {
  double location;
  double scale;
  double alpha;

  explicit Azzalini(const SkewNormalShape& shape)
      : location(shape.constant),
        scale(std::sqrt(shape.absolute * shape.absolute + shape.normal * shape.normal)),
        alpha(shape.absolute / shape.normal) {}
};

}  // namespace

SkewNormalShape skew_normal_shape(double skewness) {
  if (skewness == 0.0) return {};
  // delta^2 = pi/2 * r / (r + ((4 - pi) / 2)^(2/3)) with r = |skewness|^(2/3).
  const double r = exponential(natural_log(std::abs(skewness)) * (2.0 / 3.0));
  const double delta_squared = skew_normal_half_pi * r / (r + skew_normal_offset);
  const double delta = skewness < 0.0 ? -std::sqrt(delta_squared) : std::sqrt(delta_squared);
  const double mean_of_absolute = std::sqrt(skew_normal_two_over_pi);
  const double sd = std::sqrt(1.0 - skew_normal_two_over_pi * delta_squared);
  return {delta / sd, std::sqrt(1.0 - delta_squared) / sd, -delta * mean_of_absolute / sd};
}

SkewNormalShape skew_normal_direct_shape(double alpha) {
  const double normal = 1.0 / std::sqrt(1.0 + alpha * alpha);
  return {alpha * normal, normal, 0.0};
}

double owens_t(double h, double a) {
  if (a < 0.0) return -owens_t(h, -a);
  h = std::abs(h);
  if (a <= 1.0) return small_owens_t(h, a);
  // Owen's reflection, in the tails so that it holds for a large h.
  const double tail = normal_tail(h);
  const double scaled_tail = normal_tail(a * h);
  return 0.5 * (tail + scaled_tail) - tail * scaled_tail - small_owens_t(a * h, 1.0 / a);
}

double skew_normal_cumulative(const SkewNormalShape& shape, double z) {
  const Azzalini law(shape);
  const double t = (z - law.location) / law.scale;
  return std::max(0.0, normal_cdf(t) - 2.0 * owens_t(t, law.alpha));
}

double skew_normal_tail(const SkewNormalShape& shape, double z) {
  const Azzalini law(shape);
  const double t = (z - law.location) / law.scale;
  return std::max(0.0, normal_tail(t) + 2.0 * owens_t(t, law.alpha));
}

double skew_normal_density(const SkewNormalShape& shape, double z) {
  const Azzalini law(shape);
  const double t = (z - law.location) / law.scale;
  return 2.0 / law.scale * normal_density(t) * normal_cdf(law.alpha * t);
}

double skew_normal_peak(const SkewNormalShape& shape) {
  // Log-concave with its mode between 0 and 1 (Azzalini's scale) on the side of alpha: a search by
  // thirds.
  const Azzalini law(shape);
  const double side = law.alpha < 0.0 ? -law.scale : law.scale;
  const auto at = [&](double t) { return skew_normal_density(shape, law.location + side * t); };
  double low = 0.0;
  double high = 1.0;
  for (int step = 0; step < 60; ++step) {
    const double third = (high - low) / 3.0;
    if (at(low + third) < at(high - third)) {
      low += third;
    } else {
      high -= third;
    }
  }
  return at(0.5 * (low + high));
}

}  // namespace flopsieve::kernels
