#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan.hpp"
#include "engine/tally.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"
#include "jobs/observed_parser.hpp"

/// A rolling-origin backtest, `[backtest]` in a job. For each origin, a calibration year, the job
/// is read anew from the calibration cut after the origin, forecasts the years after it, and its
/// counts above thresholds are scored against the known ones, beside two naive forecasts.
namespace flopsieve::jobs {

struct Backtest {
  std::vector<int> origins;  ///< consecutive years, ascending
  int leads = 3;             ///< years to forecast after each origin, 1 to 20
  /// Counts of years after the calibration, per threshold, and where they come from.
  ObservedCounts observed;
  std::string source;
};

/// The first origin leaves so many years at least: a straight line and its error need them.
inline constexpr int least_calibration_years = 3;

/// Reads `[backtest]`; nothing where there is none. Refuses, with file and line, a job with `years`
/// or [observed] beside it, origins that leave fewer than least_calibration_years or that the
/// calibration does not reach, and an origin for which no count that could be scored is known.
std::optional<Backtest> parse_backtest(const Document& job, const Calibration& calibration);

/// The Plan for one origin: years origin + 1 to origin + leads, everything else as the job says
/// with calibration_until(calibration, origin). Throws as plan_from_job() does, naming the origin.
engine::Plan origin_plan(const Document& job, const Calibration& calibration,
                         const Backtest& backtest, int origin);

/// The job's model, and two naive forecasts of a count above a threshold. Both are Poisson laws,
/// whose mean is taken as known:
///   last_year    mean c + 1/2, with c the count of the origin
///   count_trend  mean exp(line), with the least-squares line of ln(count + 1/2) on the year over
///                the calibration years up to the origin; at most 1e5
/// The half counts for a year without such models, whose logarithm is not defined and whose Poisson
/// law would call the first one impossible.
inline constexpr std::array<std::string_view, 3> forecast_names{"model", "last_year",
                                                                "count_trend"};

/// How a forecast of a count did (scores.hpp).
struct Score {
  std::array<std::int64_t, 3> interval{};  ///< 5, 50, 95 % quantile
  bool inside = false;                     ///< 5 % quantile <= observed <= 95 % quantile
  double crps = 0.0;                       ///< models
  double log_score = 0.0;                  ///< natural logarithm
  double pit = 0.0;                        ///< one random number for all forecasts of an outcome
};

/// A known count and the forecasts of it.
struct Outcome {
  int origin = 0;
  int year = 0;
  double threshold = 0.0;  ///< FLOP
  std::int64_t observed = 0;
  std::array<Score, forecast_names.size()> scores;  ///< in the order of forecast_names

  int lead() const { return year - origin; }
};

/// The outcomes of a finished origin, by year and threshold; at least one trajectory is complete.
/// The random numbers of the PIT are a function of the Plan's seed, origin, year and threshold.
std::vector<Outcome> score_origin(const engine::Plan& plan, const engine::Tally& tally,
                                  const Calibration& calibration, const Backtest& backtest,
                                  int origin);

}  // namespace flopsieve::jobs
