#include "jobs/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "kernels/philox.hpp"

namespace flopsieve::jobs {
namespace {

constexpr kernels::Key key{0x666c6f70, 0x73696576};
enum class Use : std::uint32_t { bootstrap = 1, permutation = 2 };

/// Whole numbers below a limit, in order, from the words of one resample.
class Choices {
 public:
  Choices(Use use, std::uint32_t number)
      : counter_{0, number, static_cast<std::uint32_t>(use), 0} {}

  /// 0, ..., limit - 1, equally likely to one part in 2^32 / limit.
  std::uint32_t below(std::size_t limit) {
    if (next_ == 4) {
      words_ = kernels::philox(counter_, key);
      ++counter_[0];
      next_ = 0;
    }
    return static_cast<std::uint32_t>(std::uint64_t{words_[next_++]} * limit >> 32);
  }

 private:
  kernels::Counter counter_;
  kernels::Words words_{};
  std::size_t next_ = 4;
};

Index with_interval(double value, std::vector<double> resamples, Interval interval) {
  std::erase_if(resamples, [](double each) { return !std::isfinite(each); });
  if (2 * resamples.size() <= bootstrap_resamples) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    return {value, nan, nan};
  }
  const double low = interpolated_quantile(resamples, 0.025);
  const double high = interpolated_quantile(resamples, 0.975);
  if (interval == Interval::percentile) return {value, low, high};
  return {value, std::min(value, 2.0 * value - high), std::max(value, 2.0 * value - low)};
}

}  // namespace

std::vector<double> resample_weights(std::size_t rows, std::uint32_t number) {
  std::vector<double> weights(rows, 0.0);
  Choices choices(Use::bootstrap, number);
  for (std::size_t i = 0; i < rows; ++i) weights[choices.below(rows)] += 1.0;
  return weights;
}

std::vector<std::uint32_t> permutation(std::size_t n, std::uint32_t number) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  Choices choices(Use::permutation, number);
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[choices.below(i)]);
  return order;
}

double interpolated_quantile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  const double place = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

std::vector<Index> bootstrap(
    std::size_t rows,
    const std::function<std::vector<double>(const std::vector<double>& weights)>& estimate,
    Interval interval) {
  const std::vector<double> values = estimate(std::vector<double>(rows, 1.0));
  std::vector<std::vector<double>> resamples(values.size());
  for (std::uint32_t number = 0; number < bootstrap_resamples; ++number) {
    const std::vector<double> again = estimate(resample_weights(rows, number));
    for (std::size_t i = 0; i < values.size(); ++i) resamples[i].push_back(again[i]);
  }
  std::vector<Index> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    result.push_back(with_interval(values[i], std::move(resamples[i]), interval));
  }
  return result;
}

}  // namespace flopsieve::jobs
