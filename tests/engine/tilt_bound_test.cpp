// The bounds of densities that tables are made of: a bound that a density exceeds would bias what
// is kept without any other sign.

#include "engine/tilt_bound.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/skew_normal.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "engine/tilt.hpp"

namespace flopsieve::engine {
namespace {

namespace bm = boost::math;

struct Family {
  std::string name;
  Sizes sizes;
  TiltRange range;
};

/// Parameters of the family, then weight, mean and sd of components.
CandidateInputs inputs_of(const Sizes& sizes, const std::vector<double>& values) {
  CandidateInputs inputs;
  for (std::size_t i = 0; i < values.size(); ++i) size_parameter(sizes, inputs, i) = values[i];
  return inputs;
}

Family family(const std::string& name, SizeFamily kind, std::size_t parameters,
              std::size_t components, const std::vector<double>& low,
              const std::vector<double>& high) {
  Family made{name, {}, {}};
  made.sizes.family = kind;
  made.sizes.parameters.resize(parameters);
  made.sizes.components.resize(components);
  if (kind == SizeFamily::empirical) {
    // Standard deviation 1.03 about 24: 0.8 * 0.85^2 / 0.8 of the centres and 0.3^2.
    made.sizes.kernel = {{22.5, 24.0, 25.1, 25.5}, {0.2, 0.7, 0.8, 1.0}, 0.3, 24.11, 1.08};
  }
  made.range = {inputs_of(made.sizes, low), inputs_of(made.sizes, high)};
  return made;
}

std::vector<Family> families() {
  using enum SizeFamily;
  return {
      family("normal", normal, 2, 0, {23.0, 0.8}, {23.6, 1.1}),
      family("truncated", truncated_normal, 4, 0, {22.5, 0.9, 19.8, 26.2}, {23.1, 1.3, 20.4, 26.9}),
      family("truncated, beside its mean", truncated_normal, 4, 0, {18.5, 0.9, 19.8, 22.2},
             {19.0, 1.3, 20.4, 22.9}),
      family("skewed left", skew_normal, 3, 0, {23.0, 0.8, -0.95}, {23.2, 1.0, -0.4}),
      family("skewed either way", skew_normal, 3, 0, {23.0, 0.8, -0.05}, {23.2, 1.0, 0.2}),
      family("skewed as far as can be", skew_normal, 3, 0, {23.0, 0.8, 0.98}, {23.2, 1.0, 0.995}),
      family("skewed by its shape", skew_normal_direct, 3, 0, {23.0, 0.8, -2.0}, {23.2, 1.0, 9.0}),
      family("uniform", uniform, 2, 0, {19.5, 24.0}, {21.0, 26.5}),
      family("power law", power_law, 3, 0, {0.2, 19.5, 24.0}, {0.6, 20.0, 25.5}),
      family("power law about 1", power_law, 3, 0, {0.7, 19.5, 24.0}, {1.4, 20.0, 25.5}),
      family("steep power law", power_law, 3, 0, {3.0, 19.5, 24.0}, {4.5, 20.0, 25.5}),
      family("mixture", mixture, 1, 2, {23.0, 0.0, -1.0, 0.5, 0.3, 0.8, 0.4},
             {23.2, 1.0, -0.6, 0.7, 0.6, 1.2, 0.5}),
      family("empirical", empirical, 2, 0, {23.0, 0.9}, {23.3, 1.2})};
}

using Density = std::function<double(double)>;

/// Azzalini's law with this mean, sd and skewness, by halving for delta.
Density skewed_density(double mean, double sd, double skewness) {
  const double b = std::sqrt(2.0 / std::acos(-1.0));
  double low = -1.0;
  double high = 1.0;
  for (int i = 0; i < 200; ++i) {
    const double delta = 0.5 * (low + high);
    const double found = (4.0 - std::acos(-1.0)) / 2.0 * std::pow(b * delta, 3.0) /
                         std::pow(1.0 - b * b * delta * delta, 1.5);
    (found < skewness ? low : high) = delta;
  }
  const double delta = 0.5 * (low + high);
  const double scale = sd / std::sqrt(1.0 - b * b * delta * delta);
  const bm::skew_normal_distribution<> law(mean - scale * b * delta, scale,
                                           delta / std::sqrt(1.0 - delta * delta));
  return [law](double x) { return pdf(law, x); };
}

/// m^(gradient - 2) dm, normalised by quadrature over x.
Density power_density(double gradient, double lower, double upper) {
  const auto relative = [=](double x) { return std::pow(10.0, (gradient - 1.0) * (x - lower)); };
  const double all =
      bm::quadrature::gauss_kronrod<double, 31>::integrate(relative, lower, upper, 12, 1e-12);
  return [=](double x) { return x < lower || x > upper ? 0.0 : relative(x) / all; };
}

/// A sum of normal laws.
struct Bell {
  double weight, mean, sd;
};
Density sum_density(const std::vector<Bell>& bells) {
  double weights = 0.0;
  for (const Bell& each : bells) weights += each.weight;
  return [=](double x) {
    double sum = 0.0;
    for (const Bell& each : bells) {
      sum += each.weight / weights * bm::pdf(bm::normal_distribution<>(each.mean, each.sd), x);
    }
    return sum;
  };
}

/// From the definitions of the laws, per OOM.
Density density_of(const Sizes& sizes, const CandidateInputs& inputs) {
  const auto& p = inputs.parameters;
  std::vector<Bell> bells;
  switch (sizes.family) {
    case SizeFamily::truncated_normal: {
      const bm::normal_distribution<> law(p[0], p[1]);
      const double mass = cdf(law, p[3]) - cdf(law, p[2]);
      return [=](double x) { return x < p[2] || x > p[3] ? 0.0 : pdf(law, x) / mass; };
    }
    case SizeFamily::skew_normal:
      return skewed_density(p[0], p[1], p[2]);
    case SizeFamily::skew_normal_direct: {
      const bm::skew_normal_distribution<> law(p[0], p[1], p[2]);
      return [=](double x) { return pdf(law, x); };
    }
    case SizeFamily::uniform:
      return [=](double x) { return x < p[0] || x > p[1] ? 0.0 : 1.0 / (p[1] - p[0]); };
    case SizeFamily::power_law:
      return power_density(p[0], p[1], p[2]);
    case SizeFamily::mixture:
      for (std::size_t i = 0; i < sizes.components.size(); ++i) {
        const auto& [weight, mean, sd] = inputs.components[i];
        bells.push_back({weight, p[0] + mean, sd});
      }
      return sum_density(bells);
    case SizeFamily::empirical: {
      const KernelPoints& kernel = sizes.kernel;
      double below = 0.0;
      for (std::size_t i = 0; i < kernel.centres.size(); ++i) {
        const double centre = (kernel.centres[i] - kernel.mean) / kernel.sd;
        bells.push_back({kernel.cumulative_weights[i] - below, p[0] + p[1] * centre,
                         p[1] * kernel.bandwidth / kernel.sd});
        below = kernel.cumulative_weights[i];
      }
      return sum_density(bells);
    }
    default:
      return sum_density({{1.0, p[0], p[1]}});
  }
}

/// A law of the range: mostly at its ends, where densities are extreme, and anywhere else.
CandidateInputs some_law(const Family& of, std::mt19937_64& random) {
  CandidateInputs inputs = of.range.low;
  std::uniform_real_distribution<double> share(-0.5, 1.5);
  for (std::size_t i = 0; i < size_parameters(of.sizes); ++i) {
    const double low = size_parameter(of.sizes, of.range.low, i);
    const double high = size_parameter(of.sizes, of.range.high, i);
    const double at = std::clamp(share(random), 0.0, 1.0);
    size_parameter(of.sizes, inputs, i) = at == 1.0 ? high : low + at * (high - low);
  }
  return inputs;
}

/// ln of the largest density / bound over laws of the range and cells of its table.
double largest_excess(const Family& of, double log10_most, int laws) {
  const TiltBase base(of.sizes, of.range, log10_most);
  const Frame frame = base.frame();
  std::mt19937_64 random(7);
  double largest = -1e9;
  for (int i = 0; i < laws; ++i) {
    const Density density = density_of(of.sizes, some_law(of, random));
    // Ends of cells, to which steps of 7 / 8 of a cell come as near as anywhere between.
    for (double cell = 0.0; cell < 4096.0; cell += 7.0 / 8.0 * (1 + i % 3)) {
      const double x = frame.location + frame.scale * cell / 4096.0;
      const double bound = base.log_bounds()[static_cast<std::size_t>(cell)];
      const double found = density(x) * frame.scale;
      if (found > 0.0) largest = std::max(largest, std::log(found) - bound);
    }
  }
  return largest;
}

/// The same family at a law in its middle.
Family middle_of(Family of) {
  for (std::size_t i = 0; i < size_parameters(of.sizes); ++i) {
    const double middle = 0.5 * (size_parameter(of.sizes, of.range.low, i) +
                                 size_parameter(of.sizes, of.range.high, i));
    size_parameter(of.sizes, of.range.low, i) = middle;
    size_parameter(of.sizes, of.range.high, i) = middle;
  }
  return of;
}

/// Of the bounds of all cells: 1 if they are a density, the more the looser they are.
double mass(const TiltBase& base) {
  double sum = 0.0;
  for (const double each : base.log_bounds()) sum += std::exp(each);
  return sum / static_cast<double>(kernels::cell_count);
}

}  // namespace

TEST_CASE("No density of a range is above its table's bound") {
  for (const Family& each : families()) {
    INFO(each.name);
    CHECK(largest_excess(each, 40.0, 60) < 0.0);
    CHECK(largest_excess(each, 23.7, 20) < 0.0);
    CHECK(largest_excess(middle_of(each), 40.0, 1) < 0.0);
  }
}

// The mean that is farthest away has the steepest law, whichever side it is on.
TEST_CASE("No density of a law that is truncated far from its means is above the bound") {
  const auto far = [](double low_mean, double high_mean) {
    return family("truncated", SizeFamily::truncated_normal, 4, 0, {low_mean, 1.0, 20.0, 22.0},
                  {high_mean, 1.05, 20.05, 22.02});
  };
  CHECK(largest_excess(far(24.5, 26.0), 40.0, 60) < 0.0);
  CHECK(largest_excess(far(16.0, 17.5), 40.0, 60) < 0.0);
}

// What lies outside of the frame is never drawn. Laws without ends have fallen to phi(8) = 5e-15
// there, and laws with ends to 0; beyond they fall on.
TEST_CASE("A table leaves out nothing of a law that matters") {
  for (const Family& each : families()) {
    INFO(each.name);
    const Frame frame = TiltBase(each.sizes, each.range, 40.0).frame();
    std::mt19937_64 random(8);
    double largest = 0.0;
    for (int i = 0; i < 200; ++i) {
      const Density density = density_of(each.sizes, some_law(each, random));
      largest = std::max(
          {largest, density(frame.location - 1e-6), density(frame.location + frame.scale + 1e-6)});
    }
    CHECK(largest < 1e-13);
  }
}

// 8 standard deviations each way over 4096 cells: the largest density of a cell is 0.4 % of its
// slope above the mean one.
TEST_CASE("The bound of a single law is its density, but for the width of a cell") {
  for (const Family& each : families()) {
    INFO(each.name);
    const Family one = middle_of(each);
    CHECK(mass(TiltBase(one.sizes, one.range, 40.0)) == Approx(1.0).margin(0.01));
  }
}

TEST_CASE("Bounds become tight as ranges shrink, in each parameter") {
  for (const Family& each : families()) {
    INFO(each.name);
    const Family middle = middle_of(each);
    for (std::size_t i = 0; i < size_parameters(each.sizes); ++i) {
      INFO("parameter " << size_parameter_name(each.sizes, i));
      const double low = size_parameter(each.sizes, each.range.low, i);
      const double high = size_parameter(each.sizes, each.range.high, i);
      double known = 1e9;
      for (const double share : {1.0, 0.25, 0.0625}) {
        Family some = middle;
        const double half = 0.5 * share * (high - low);
        size_parameter(some.sizes, some.range.low, i) -= half;
        size_parameter(some.sizes, some.range.high, i) += half;
        const TiltBase base(some.sizes, some.range, 40.0);
        const double found = mass(base) - 1.0;
        CHECK(found < std::max(0.6 * known, 0.016));
        known = found;
        // What says where to halve is of the size of what is lost.
        CHECK(base.variation(i) > 0.3 * (found - 0.01));
        CHECK(base.variation(i) < 40.0 * found);
      }
    }
  }
}

}  // namespace flopsieve::engine
