#include "jobs/scaling/law_intervals.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <vector>

#include "jobs/resampling.hpp"
#include "jobs/scaling/bootstrap.hpp"
#include "kernels/math.hpp"
#include "kernels/philox.hpp"

namespace flopsieve::jobs {
namespace {

constexpr int constants = 5;
using Vector5 = Eigen::Matrix<double, constants, 1>;
using Matrix5 = Eigen::Matrix<double, constants, constants>;

/// The law with drawn constants.
class DrawnLaw {
 public:
  DrawnLaw(const ScalingLaw& law, std::uint64_t seed)
      : law_(law), key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {
    if (law.uncertainty.covariance.empty()) return;
    const Matrix5 covariance =
        Eigen::Map<const Eigen::Matrix<double, constants, constants, Eigen::RowMajor>>(
            law.uncertainty.covariance.data());
    factor_ = covariance.llt().matrixL();
  }

  ScalingLaw operator()(std::uint64_t draw) const {
    ScalingLaw law = law_;
    if (law_.uncertainty.exponent) {
      law.power.exponent = drawn_exponent(normal(draw, 0));
      return law;
    }
    Vector5 z;
    for (int i = 0; i < constants; ++i) z(i) = normal(draw, static_cast<std::uint32_t>(i));
    const Vector5 shift = factor_ * z;
    law.loss->ln_a += shift(0);
    law.loss->ln_b += shift(1);
    law.loss->ln_e += shift(2);
    law.loss->alpha += shift(3);
    law.loss->beta += shift(4);
    law.power = frontier(*law.loss);
    return law;
  }

 private:
  double normal(std::uint64_t draw, std::uint32_t index) const {
    const kernels::Words words = kernels::philox(
        {index, static_cast<std::uint32_t>(draw), static_cast<std::uint32_t>(draw >> 32), use},
        key_);
    return kernels::normal_quantile(kernels::open_uniform(words[0], words[1]));
  }

  double drawn_exponent(double z) const {
    const double median = law_.power.exponent;
    const auto [low, high] = *law_.uncertainty.exponent;
    const double spread = (z < 0.0 ? median - low : high - median) / kernels::normal_quantile(0.9);
    return median + spread * z;
  }

  static constexpr std::uint32_t use = 0x6c617773;
  const ScalingLaw& law_;
  kernels::Key key_;
  Matrix5 factor_ = Matrix5::Zero();
};

std::vector<Optimum> drawn_optima(const ScalingLaw& law, const Budget& budget, double worth,
                                  const IntervalOptions& options) {
  const DrawnLaw drawn(law, options.seed);
  BootstrapOptions parallel;
  parallel.threads = options.threads;
  return in_parallel<Optimum>(parallel, static_cast<std::uint64_t>(options.draws),
                              [&](std::uint64_t i) { return optimum(drawn(i), budget, worth); });
}

template <typename Number>
std::pair<double, double> ends(const std::vector<Optimum>& optima, double probability,
                               const Number& number) {
  std::vector<double> values(optima.size());
  std::transform(optima.begin(), optima.end(), values.begin(), number);
  return {interpolated_quantile(values, 0.5 * (1.0 - probability)),
          interpolated_quantile(values, 0.5 * (1.0 + probability))};
}

}  // namespace

std::optional<OptimumInterval> optimum_interval(const ScalingLaw& law, const Budget& budget,
                                                double worth, const IntervalOptions& options) {
  if (!law.is_uncertain()) return std::nullopt;
  const std::vector<Optimum> optima = drawn_optima(law, budget, worth, options);
  const auto of = [&](const auto& number) { return ends(optima, options.probability, number); };
  OptimumInterval interval;
  interval.flop = of([](const Optimum& each) { return each.flop; });
  interval.parameters = of([](const Optimum& each) { return each.parameters; });
  interval.tokens = of([](const Optimum& each) { return each.tokens; });
  interval.ratio = of([](const Optimum& each) { return each.tokens / each.parameters; });
  if (law.loss) interval.loss = of([](const Optimum& each) { return *each.loss; });
  return interval;
}

}  // namespace flopsieve::jobs
