#include "engine/method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "engine/pilot.hpp"
#include "engine/sieve.hpp"
#include "engine/split_year.hpp"
#include "engine/summary.hpp"
#include "engine/tilt.hpp"
#include "engine/tilt_parameters.hpp"
#include "engine/tilt_window.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr PilotLimits quick{.survivors = 100, .many = 100'000, .few = 100, .most = 100'000};
constexpr PilotLimits patient{.survivors = 16, .many = 1'000'000, .few = 16, .most = 1'000'000};

/// Of the trajectories, over all years. The runner gives up below a half (runner.cpp).
constexpr double least_complete = 0.75;

/// Unlike trajectories, and candidates of them all, that are tried.
constexpr std::size_t tried_trajectories = 64;
constexpr std::uint64_t most_tried = 1'000'000;

/// The trial candidates of a year: the first that will not do, or that with the smallest pass rate.
struct Rarest {
  std::uint32_t year_index = 0;
  YearTally tally;
  std::string why;       ///< it has no survivor, where that is known
  bool suffices = true;  ///< of all years

  double rate() const {
    return static_cast<double>(tally.survivors) / static_cast<double>(tally.candidates);
  }
};

/// Whether trajectories have numbers of their own, and so pass rates.
bool has_unlike_trajectories(const Plan& plan) {
  const auto differs = [](const Input& input) {
    return input.is_shared() &&
           std::any_of(input.years.begin(), input.years.end(),
                       [](const Distribution& each) { return each.law != kernels::Law::constant; });
  };
  for (std::size_t i = 0; i < size_parameters(plan.sizes); ++i) {
    if (differs(size_parameter(plan.sizes, i))) return true;
  }
  const auto& total = plan.total.parameters;
  const auto& count = plan.count.parameters;
  return plan.state.points > 0 || plan.total.model == TotalModel::trend ||
         plan.count.model == CountModel::exponential_trend ||
         plan.count.model == CountModel::linear_trend ||
         plan.count.model == CountModel::kinked_trend ||
         std::any_of(total.begin(), total.end(), differs) ||
         std::any_of(count.begin(), count.end(), differs);
}

/// Judges attempts from first to before last of all these trajectories, and takes away those with a
/// survivor.
void try_attempts(Sieve& sieve, std::vector<Trajectory>& open, std::uint32_t year_index,
                  std::uint64_t first, std::uint64_t last) {
  std::vector<Trial> trials;
  for (const Trajectory& each : open) {
    for (std::uint64_t attempt = first; attempt < last; ++attempt) {
      trials.push_back({&each, {each.index, attempt, year_index}});
    }
  }
  std::vector<Verdict> verdicts(trials.size());
  sieve.judge(trials, verdicts);
  std::vector<Trajectory> left;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const auto own = std::span(verdicts).subspan(i * (last - first), last - first);
    if (std::any_of(own.begin(), own.end(), [](const Verdict& each) { return each.survives; })) {
      continue;
    }
    left.push_back(std::move(open[i]));
  }
  open = std::move(left);
}

/// Of a few trajectories, the share that has a survivor of a year within its attempts. One that has
/// none when the trial ends, after n attempts, is taken for one that needs 2n.
double share_of_tried(const Plan& plan, Sieve& sieve, std::uint32_t year_index) {
  std::vector<Trajectory> open;
  for (std::uint64_t i = 0; i < tried_trajectories; ++i) {
    open.push_back(sieve.inputs().trajectory(i));
  }
  std::uint64_t made = 0;
  std::uint64_t tried = 0;
  while (!open.empty() && made < plan.attempts && tried < most_tried) {
    const std::uint64_t more = std::clamp<std::uint64_t>(made, 1, 4096 / open.size());
    const std::uint64_t last = std::min(made + more, plan.attempts);
    tried += open.size() * (last - made);
    try_attempts(sieve, open, year_index, made, last);
    made = last;
  }
  const double needs = static_cast<double>(plan.attempts) / (2.0 * static_cast<double>(made));
  const double exhausted = made < plan.attempts ? kernels::exponential(-needs) : 1.0;
  return 1.0 -
         exhausted * static_cast<double>(open.size()) / static_cast<double>(tried_trajectories);
}

/// The share of the trajectories for which a year's attempts will do, if they are all alike; 0 if
/// that is not known.
double share_complete(const Plan& plan, const Rarest& year) {
  if (year.tally.survivors < patient.survivors) return 0.0;
  if (plan.attempts == 1 || year.rate() == 1.0) return 1.0;
  const double log_exhausted =
      static_cast<double>(plan.attempts) * kernels::natural_log(1.0 - year.rate());
  const bool is_common = year.tally.survivors >= quick.survivors;
  if (!is_common && log_exhausted >= -30.0) return 0.0;
  return 1.0 - kernels::exponential(log_exhausted);
}

Rarest judge_year(const Plan& plan, Sieve& sieve, std::uint32_t year) {
  PilotYear found = pilot_year(plan, sieve, year, quick);
  if (found.tally.survivors < quick.survivors) found = pilot_year(plan, sieve, year, patient);
  return {year, std::move(found.tally), std::move(found.why)};
}

/// Ends at the first year that does not suffice.
Rarest find_rarest(const Plan& plan) {
  Sieve sieve(plan, Purpose::pilot);
  std::optional<Rarest> rarest;
  double complete = 1.0;
  const bool are_unlike = plan.attempts > 1 && has_unlike_trajectories(plan);
  for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
    Rarest found = judge_year(plan, sieve, year);
    double share = share_complete(plan, found);
    if (share > 0.0 && are_unlike) share = std::min(share, share_of_tried(plan, sieve, year));
    complete *= share;
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
    std::string words = ", " + counts_text(trial, tilted, " tilted to the total");
    if (tilted.tally.survivors == 0 && !tilted.why.empty()) words += ": " + tilted.why;
    return {tilted.suffices, std::move(words)};
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
