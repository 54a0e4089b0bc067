#include "engine/method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "engine/pilot.hpp"
#include "engine/sieve.hpp"
#include "engine/split_year.hpp"
#include "engine/summary.hpp"
#include "engine/tilt.hpp"
#include "engine/tilt_window.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr PilotLimits quick{.survivors = 100, .many = 100'000, .few = 100, .most = 100'000};
constexpr PilotLimits patient{.survivors = 16, .many = 1'000'000, .few = 16, .most = 1'000'000};

/// Of the trajectories, over all years. The runner gives up below a half (runner.cpp), and unlike
/// trajectories lose more than the mean pass rate tells.
constexpr double least_complete = 0.75;

/// The trial candidates of a year: the first that will not do, or that with the smallest pass rate.
struct Rarest {
  std::uint32_t year_index = 0;
  YearTally tally;
  bool suffices = true;  ///< of all years

  double rate() const {
    return static_cast<double>(tally.survivors) / static_cast<double>(tally.candidates);
  }
};

/// The share of the trajectories for which a year's attempts will do; 0 if that is not known.
double share_complete(const Plan& plan, const Rarest& year) {
  if (year.tally.survivors < patient.survivors) return 0.0;
  if (plan.attempts == 1 || year.rate() == 1.0) return 1.0;
  const double log_exhausted =
      static_cast<double>(plan.attempts) * kernels::natural_log(1.0 - year.rate());
  const bool is_common = year.tally.survivors >= quick.survivors;
  if (!is_common && log_exhausted >= -30.0) return 0.0;
  return 1.0 - kernels::exponential(log_exhausted);
}

YearTally judge_year(const Plan& plan, Sieve& sieve, std::uint32_t year) {
  const YearTally tally = pilot_year(plan, sieve, year, quick).tally;
  return tally.survivors >= quick.survivors ? tally : pilot_year(plan, sieve, year, patient).tally;
}

/// Ends at the first year that does not suffice.
Rarest find_rarest(const Plan& plan) {
  Sieve sieve(plan, Purpose::pilot);
  std::optional<Rarest> rarest;
  double complete = 1.0;
  for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
    Rarest found{year, judge_year(plan, sieve, year)};
    complete *= share_complete(plan, found);
    found.suffices = complete >= least_complete;
    if (!found.suffices) return found;
    if (!rarest || found.rate() < rarest->rate()) rarest = found;
  }
  return *rarest;
}

std::string counts_text(const Plan& plan, const Rarest& rarest, const char* drawn) {
  return fmt::format("{} of {} trial candidates of {}{} meet every constraint",
                     rarest.tally.survivors, rarest.tally.candidates, plan.years[rarest.year_index],
                     drawn);
}

/// Why tilting is of no use before its candidates are drawn; empty where it may be.
std::string tilt_obstacle(const Plan& plan, const Rarest& rarest) {
  if (plan.matching.match != Match::reject) {
    return fmt::format("match = \"{}\" has no window of the total to tilt to",
                       name(plan.matching.match));
  }
  const std::string refusal = tilt_refusal(plan);
  if (!refusal.empty()) return "tilting cannot draw them: " + refusal;
  const std::vector<RejectorReport> reports = cutflow(plan, rarest.tally);
  const auto worst = std::max_element(
      reports.begin(), reports.end(),
      [](const RejectorReport& a, const RejectorReport& b) { return a.alone < b.alone; });
  if (worst == reports.begin()) return {};
  const auto constraint = static_cast<std::size_t>(worst - reports.begin()) - 1;
  if (is_tilt_window(plan.constraints[constraint])) return {};
  return fmt::format("{}, which rejects most, is no window of a sum", worst->name);
}

/// What became of trial candidates that were tilted.
struct Tilting {
  bool suffices;
  std::string words;
};

Tilting try_tilt(Plan trial) {
  trial.sampling.method = Method::tilt;
  try {
    const Rarest tilted = find_rarest(trial);
    return {tilted.suffices, ", " + counts_text(trial, tilted, " tilted to the total")};
  } catch (const Error& error) {
    if (error.code() != ExitCode::budget) throw;
    return {false, std::string("; ") + error.what()};
  }
}

/// Why splitting is of no use; empty where it leads trial trajectories into their constraints.
std::string split_obstacle(Plan trial) {
  const std::string refusal = split_refusal(trial);
  if (!refusal.empty()) return refusal;
  trial.sampling.method = Method::split;
  for (std::uint32_t year = 0; year < trial.year_count(); ++year) {
    const PilotYear found = split_pilot_year(trial, year);
    if (found.tally.survivors == 0) return fmt::format("{}: {}", trial.years[year], found.why);
  }
  return {};
}

Sampling decided(Method method, std::string reason) {
  return {.method = method, .automatic = true, .reason = std::move(reason)};
}

}  // namespace

Sampling decide_method(const Plan& plan) {
  Plan trial = plan;
  trial.sampling = decided(Method::reject, {});
  const Rarest rarest = find_rarest(trial);
  std::string reason = counts_text(plan, rarest, "");
  if (rarest.suffices) return decided(Method::reject, reason);
  const std::string obstacle = tilt_obstacle(plan, rarest);
  if (obstacle.empty()) {
    const Tilting tilting = try_tilt(trial);
    reason += tilting.words;
    if (tilting.suffices) return decided(Method::tilt, reason);
  } else {
    reason += "; " + obstacle;
  }
  const std::string nothing_left = split_obstacle(trial);
  if (nothing_left.empty()) return decided(Method::split, reason);
  return decided(Method::reject, reason + "; splitting is no way out: " + nothing_left);
}

}  // namespace flopsieve::engine
