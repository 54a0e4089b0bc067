#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

/// The bootstrap of sensitivity indices (Efron 1979, Annals of Statistics 7; Efron and Tibshirani
/// 1993, chapters 12 and 13), and permutations. The random numbers are fixed: the same
/// rows give the same intervals.
namespace flopsieve::jobs {

using Columns = std::vector<std::vector<double>>;  ///< [column][row]

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

/// `percentile`: the 2.5 % and 97.5 % quantiles of the resamples. `reflected`: the same mirrored at
/// the estimate (basic bootstrap: Davison and Hinkley 1997, Bootstrap Methods and their
/// Application, section 5.2), and stretched to it where it lies outside: for what is biased, and by
/// as much again in resamples.
enum class Interval : std::uint8_t { percentile, reflected };

/// `estimate` computes all values of interest from the weights of the rows. The first values are
/// those with every weight 1. Resamples in which a value is not finite (all rows alike, for
/// instance) are left out for that value; where they are half or more, the interval is nan.
std::vector<Index> bootstrap(
    std::size_t rows,
    const std::function<std::vector<double>(const std::vector<double>& weights)>& estimate,
    Interval interval = Interval::percentile);

}  // namespace flopsieve::jobs
