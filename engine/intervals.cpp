#include "engine/intervals.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>

namespace flopsieve::engine {
namespace {

constexpr double tail = 0.025;

/// Order statistics by rank, from cumulated histogram counts.
class Ranks {
 public:
  explicit Ranks(const Histogram& histogram) : cumulated_(histogram.size()) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < histogram.size(); ++i) cumulated_[i] = sum += histogram[i];
  }

  std::uint64_t size() const { return cumulated_.empty() ? 0 : cumulated_.back(); }

  std::size_t bin(std::uint64_t rank) const {
    const auto found = std::lower_bound(cumulated_.begin(), cumulated_.end(), rank);
    return static_cast<std::size_t>(found - cumulated_.begin());
  }

  /// Bin plus how far into it, as if its members were spread evenly.
  double place(std::uint64_t rank) const {
    const std::size_t at = bin(rank);
    const std::uint64_t before = at == 0 ? 0 : cumulated_[at - 1];
    const auto members = static_cast<double>(cumulated_[at] - before);
    return static_cast<double>(at) + (static_cast<double>(rank - before) - 0.5) / members;
  }

 private:
  std::vector<std::uint64_t> cumulated_;
};

template <class ValueOfRank>
QuantileEstimate with_bounds(double value, const RankBounds& bounds, const ValueOfRank& of_rank) {
  QuantileEstimate estimate{value, std::nullopt, std::nullopt};
  if (bounds.lower) estimate.low = of_rank(*bounds.lower);
  if (bounds.upper) estimate.high = of_rank(*bounds.upper);
  return estimate;
}

}  // namespace

RankBounds rank_bounds(std::uint64_t n, double q) {
  const boost::math::binomial_distribution<double> binomial(static_cast<double>(n), q);
  const auto at_most = [&](double k) { return k < 0.0 ? 0.0 : boost::math::cdf(binomial, k); };
  const auto at_least = [&](double k) {
    return k <= 0.0 ? 1.0 : boost::math::cdf(boost::math::complement(binomial, k - 1.0));
  };
  const double size = static_cast<double>(n);
  const double spread = std::sqrt(size * q * (1.0 - q));
  RankBounds bounds;
  // The quantile lies below the order statistic of rank r if fewer than r values fall below it.
  double lower = std::clamp(std::ceil(size * q - 1.9 * spread), 0.0, size);
  while (lower < size && at_most(lower) <= tail) lower += 1.0;
  while (lower >= 1.0 && at_most(lower - 1.0) > tail) lower -= 1.0;
  if (lower >= 1.0) bounds.lower = static_cast<std::uint64_t>(lower);
  double upper = std::clamp(std::floor(size * q + 1.9 * spread), 1.0, size + 1.0);
  while (upper > 1.0 && at_least(upper - 1.0) <= tail) upper -= 1.0;
  while (upper <= size && at_least(upper) > tail) upper += 1.0;
  if (upper <= size) bounds.upper = static_cast<std::uint64_t>(upper);
  return bounds;
}

namespace {

/// rank_bounds(), remembered for the last n: the histograms of a run have theirs in common.
RankBounds remembered_bounds(std::uint64_t n, double q) {
  thread_local std::uint64_t last = 0;
  thread_local std::vector<std::pair<double, RankBounds>> known;
  if (n != last) known.clear();
  last = n;
  for (const auto& [each, bounds] : known) {
    if (each == q) return bounds;
  }
  return known.emplace_back(q, rank_bounds(n, q)).second;
}

}  // namespace

std::vector<QuantileEstimate> whole_quantiles(const Histogram& histogram,
                                              const std::vector<double>& quantiles) {
  const Ranks ranks(histogram);
  const auto value = [&](std::uint64_t rank) { return static_cast<double>(ranks.bin(rank)); };
  std::vector<QuantileEstimate> estimates;
  for (const double q : quantiles) {
    // The product q n of a whole rank may come out a rounding error above it.
    const double exact = q * static_cast<double>(ranks.size());
    const double rank = std::max(1.0, std::ceil(exact * (1.0 - 1e-14)));
    estimates.push_back(with_bounds(value(static_cast<std::uint64_t>(rank)),
                                    remembered_bounds(ranks.size(), q), value));
  }
  return estimates;
}

std::vector<QuantileEstimate> grid_quantiles(const Histogram& histogram, const Grid& grid,
                                             const std::vector<double>& quantiles) {
  const Ranks ranks(histogram);
  const auto value = [&](std::uint64_t rank) { return bin_edge(grid, ranks.place(rank)); };
  std::vector<QuantileEstimate> estimates;
  for (const double q : quantiles) {
    const double position = q * static_cast<double>(ranks.size() - 1);
    const double below = std::floor(position);
    const auto rank = static_cast<std::uint64_t>(below) + 1;
    const double next = rank < ranks.size() ? value(rank + 1) : value(rank);
    const double interpolated = value(rank) + (position - below) * (next - value(rank));
    estimates.push_back(with_bounds(interpolated, remembered_bounds(ranks.size(), q), value));
  }
  return estimates;
}

}  // namespace flopsieve::engine
