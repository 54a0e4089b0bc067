#include "jobs/state_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "engine/error.hpp"
#include "kernels/math.hpp"
#include "kernels/philox.hpp"

namespace flopsieve::jobs {
namespace {

using engine::StateRow;

constexpr std::uint32_t bootstrap_samples = 1000;
constexpr kernels::Key bootstrap_key{0x626F6F74, 0x73747261};  // "boot", "stra"

double transformed_skewness(double skewness) {
  const double clamped =
      std::clamp(skewness, -largest_observed_skewness, largest_observed_skewness);
  return std::atanh(clamped / engine::skewness_limit);
}

/// The transformed figures of sizes; ln k is not theirs to say.
StateRow row_of(const std::vector<double>& x) {
  const auto n = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  double flop = 0.0, second = 0.0, third = 0.0;
  for (const double value : x) {
    const double d = value - mean;
    flop += std::pow(10.0, value);
    second += d * d / n;
    third += d * d * d / n;
  }
  return {std::log10(flop), mean, 0.5 * std::log(second),
          transformed_skewness(third / std::pow(second, 1.5)), 0.0};
}

std::vector<double> lower_edges(const CalibrationYear& year) {
  std::vector<double> edges;
  for (std::size_t bin = 0; bin < year.histogram.size(); ++bin) {
    edges.insert(edges.end(), static_cast<std::size_t>(year.histogram[bin]),
                 year.histogram_start + static_cast<double>(bin) * calibration_bin_width);
  }
  return edges;
}

/// As many models as there are edges, drawn with replacement and placed uniformly in their bins.
void resample(const std::vector<double>& edges, int year, std::uint32_t sample,
              std::vector<double>& x) {
  const auto n = static_cast<double>(edges.size());
  for (std::uint32_t i = 0; i < x.size(); ++i) {
    const kernels::Words words =
        kernels::philox({i, sample, static_cast<std::uint32_t>(year), 0}, bootstrap_key);
    const auto model = static_cast<std::size_t>(kernels::open_uniform(words[0], words[1]) * n);
    const double place = kernels::open_uniform(words[2], words[3]);
    x[i] = edges[model] + place * calibration_bin_width;
  }
}

/// One model has no standard deviation, two no skewness but what rounding makes of it; nor has a
/// skewness an error that is always clamped.
void demand_errors(const StateRow& errors, const CalibrationYear& year) {
  constexpr double rounding = 1e-9;
  for (const double error : errors) {
    if (std::isfinite(error) && error > rounding) continue;
    throw engine::Error(
        engine::ExitCode::bad_input,
        fmt::format(
            "the calibration's year {} is of no use to the state space: {} model{} give its "
            "sd or skewness no standard error (3 are needed, and a skewness within {})",
            year.year, year.count, year.count == 1 ? "" : "s", largest_observed_skewness));
  }
}

StateRow standard_errors(const CalibrationYear& year) {
  const std::vector<double> edges = lower_edges(year);
  std::vector<double> x(edges.size());
  StateRow sum{}, squares{}, centre{};
  for (std::uint32_t sample = 0; sample < bootstrap_samples; ++sample) {
    resample(edges, year.year, sample, x);
    const StateRow row = row_of(x);
    if (sample == 0) centre = row;  // close to the mean: the squares do not cancel
    for (std::size_t s = 0; s < row.size(); ++s) {
      sum[s] += row[s] - centre[s];
      squares[s] += (row[s] - centre[s]) * (row[s] - centre[s]);
    }
  }
  StateRow errors{};
  for (std::size_t s = 0; s < errors.size(); ++s) {
    errors[s] =
        std::sqrt((squares[s] - sum[s] * sum[s] / bootstrap_samples) / (bootstrap_samples - 1));
  }
  errors[engine::StateSeries::ln_count] = 1.0 / std::sqrt(static_cast<double>(year.count));
  demand_errors(errors, year);
  return errors;
}

/// Middles of cells of equal prior probability.
double noise_ratio(std::size_t i) {
  const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(noise_ratios);
  return smallest_noise_ratio * std::pow(largest_noise_ratio / smallest_noise_ratio, place);
}

double level_noise(std::size_t i, double scale) {
  const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(level_noises);
  return scale * kernels::normal_quantile(0.5 + 0.5 * place);
}

engine::StatePoint point_of(const StateMoments& last, const LocalTrend& trend) {
  engine::StatePoint point;
  point.level = last.level;
  point.slope = last.slope;
  point.chol_11 = std::sqrt(last.level_variance);
  point.chol_21 = last.covariance / point.chol_11;
  point.chol_22 = std::sqrt(std::max(0.0, last.slope_variance - point.chol_21 * point.chol_21));
  point.level_sd = trend.level_sd;
  point.slope_sd = trend.slope_sd;
  return point;
}

/// exp of the logs, scaled to sum to 1; returns ln of the sum of exp.
double normalise(std::vector<double>& logs) {
  const double largest = *std::max_element(logs.begin(), logs.end());
  double sum = 0.0;
  for (double& value : logs) sum += value = std::exp(value - largest);
  for (double& value : logs) value /= sum;
  return largest + std::log(sum);
}

/// Appends the points of one series given the ratio; returns ln of the mean likelihood, up to a
/// constant that is the same for all ratios.
double add_points(const Series& series, const StatePrior& prior, double ratio,
                  std::vector<engine::StatePoint>& grid) {
  std::vector<double> weights;
  for (std::size_t i = 0; i < level_noises; ++i) {
    const double level_sd = level_noise(i, prior.level_noise);
    const LocalTrend trend{level_sd, ratio * level_sd,    series.values[0], prior.first_level_sd,
                           0.0,      prior.first_slope_sd};
    const Filtered filtered = kalman_filter(series, trend);
    weights.push_back(filtered.log_likelihood);
    grid.push_back(point_of(filtered.states.back(), trend));
  }
  const double log_sum = normalise(weights);
  for (std::size_t i = 0; i < level_noises; ++i) {
    grid[grid.size() - level_noises + i].weight = weights[i];
  }
  return log_sum;
}

double root_mean_square(const std::vector<double>& values) {
  const double squares = std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

}  // namespace

StateData state_data(const Calibration& calibration) {
  StateData data;
  data.last_year = calibration.years.back().year;
  for (const CalibrationYear& year : calibration.years) {
    const StateRow row{year.log10_total, year.mean, std::log(year.sd),
                       transformed_skewness(year.skewness),
                       std::log(static_cast<double>(year.count))};
    const StateRow errors = standard_errors(year);
    for (std::size_t s = 0; s < row.size(); ++s) {
      data.series[s].values.push_back(row[s]);
      data.series[s].noise_sd.push_back(errors[s]);
    }
  }
  return data;
}

engine::StateSpace fit_state_space(const StateData& data) {
  engine::StateSpace space;
  space.last_year = data.last_year;
  space.fitted_mean_sd = root_mean_square(data.series[engine::StateSeries::mean].noise_sd);
  space.points = level_noises;
  for (std::size_t i = 0; i < noise_ratios; ++i) {
    double log_weight = 0.0;
    for (std::size_t s = 0; s < data.series.size(); ++s) {
      log_weight += add_points(data.series[s], state_priors[s], noise_ratio(i), space.grid);
    }
    space.ratio_weights.push_back(log_weight);
  }
  normalise(space.ratio_weights);
  return space;
}

}  // namespace flopsieve::jobs
