#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

/// The bootstrap of sensitivity indices (Efron 1979, Annals of Statistics 7; percentile intervals:
/// Efron and Tibshirani 1993, chapter 13), and permutations. The random numbers are fixed: the same
/// rows give the same intervals.
namespace flopsieve::jobs {

inline constexpr std::uint32_t bootstrap_resamples = 1'000;

/// An estimate with its 95 % bootstrap interval; nan where that cannot be computed.
struct Index {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// How often each of `rows` rows is in resample `number`: n draws with replacement. The weights add
/// up to the number of rows.
std::vector<double> resample_weights(std::size_t rows, std::uint32_t number);

/// Fisher and Yates's shuffle of 0, ..., n - 1.
std::vector<std::uint32_t> permutation(std::size_t n, std::uint32_t number);

/// The p-quantile by linear interpolation between order statistics (R's type 7); at least one
/// value.
double interpolated_quantile(std::vector<double> values, double p);

/// `estimate` computes all values of interest from the weights of the rows. The first values are
/// those with every weight 1. Resamples in which a value is nan (all rows alike, for instance) are
/// left out for that value; where they are more than half, the interval is nan.
std::vector<Index> bootstrap(
    std::size_t rows,
    const std::function<std::vector<double>(const std::vector<double>& weights)>& estimate);

}  // namespace flopsieve::jobs
