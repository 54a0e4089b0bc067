#include "engine/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "engine/ceiling.hpp"
#include "engine/error.hpp"
#include "engine/screen.hpp"
#include "engine/sieve.hpp"
#include "engine/size_law.hpp"
#include "engine/split_run.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// Attempts that are judged together while a survivor is looked for: a few, then more.
constexpr std::uint64_t first_tile = 64;
constexpr std::uint64_t largest_tile = 4096;

void check(const Plan& plan, const ReplayRequest& request) {
  const auto fail = [](const std::string& message) { throw Error(ExitCode::bad_input, message); };
  if (request.trajectory >= address_limit) {
    fail(
        fmt::format("trajectory {} is too large; trajectories are below 2^40", request.trajectory));
  }
  if (request.attempt && *request.attempt >= address_limit) {
    fail(fmt::format("attempt {} is too large; attempts are below 2^40", *request.attempt));
  }
  if (request.year_index >= plan.year_count()) {
    fail(fmt::format("the run has {} years", plan.year_count()));
  }
}

/// One trajectory, year after year.
class Replayer {
 public:
  Replayer(const Plan& plan, const ReplayRequest& request)
      : plan_(plan),
        request_(request),
        sieve_(plan, Purpose::run),
        trajectory_(sieve_.inputs().trajectory(request.trajectory)),
        is_split_(plan.sampling.method == Method::split) {}

  Replay replay();

 private:
  using Visitor = std::function<void(const Candidate&, OrderedSizes&)>;

  bool needs_years_before() const;
  void pass(std::uint32_t year);
  std::uint64_t survivor(std::uint32_t year);
  std::optional<std::uint64_t> find_survivor(std::uint32_t year);
  void visit(const Address& address, const Visitor& visitor);
  Rejections judge(const Address& address);
  ReplayedConstraint constraint(std::size_t index, const Candidate& candidate,
                                OrderedSizes& ordered) const;
  void judge_soft(const Constraint& rule, const Address& address, ReplayedConstraint& result) const;
  Replay describe(const Candidate& candidate, OrderedSizes& ordered) const;

  const Plan& plan_;
  const ReplayRequest& request_;
  Sieve sieve_;
  Trajectory trajectory_;
  bool is_split_;
  std::optional<SplitSurvivor> split_;  ///< of the year last looked for
};

/// Where no survivor is known, the run has to be followed from its first year on: it ends a
/// trajectory with the first year that has none.
bool Replayer::needs_years_before() const {
  return looks_back(plan_) || (request_.survivors.empty() && !request_.attempt);
}

Replay Replayer::replay() {
  const std::uint32_t year = request_.year_index;
  if (needs_years_before()) {
    for (std::uint32_t before = 0; before < year; ++before) pass(before);
  }
  std::uint64_t attempt = 0;
  if (is_split_ || !request_.attempt) attempt = survivor(year);
  if (is_split_ && request_.attempt && *request_.attempt != attempt) {
    throw Error(ExitCode::bad_input,
                fmt::format("attempt {}: with method = \"split\" an attempt is a place in a "
                            "population that moves as a whole, and only the survivor's, {}, can "
                            "be drawn again; leave --attempt out",
                            *request_.attempt, attempt));
  }
  const Address address{trajectory_.index, request_.attempt.value_or(attempt), year};
  Replay result;
  visit(address, [&](const Candidate& candidate, OrderedSizes& ordered) {
    result = describe(candidate, ordered);
  });
  const Rejections rejections = is_split_ ? 0 : judge(address);
  result.matches = (rejections & 1) == 0;
  for (std::size_t i = 0; i < result.constraints.size(); ++i) {
    if (result.constraints[i].passes == ((rejections >> (i + 1) & 1) == 0)) continue;
    throw Error(ExitCode::bug, fmt::format("the verdict of constraint {} is not that of its value",
                                           plan_.constraints[i].name));
  }
  result.survives = rejections == 0;
  return result;
}

/// Goes on to the next year.
void Replayer::pass(std::uint32_t year) {
  const std::uint64_t attempt = survivor(year);
  if (!looks_back(plan_)) return;
  visit({trajectory_.index, attempt, year}, [&](const Candidate& candidate, OrderedSizes& ordered) {
    trajectory_.previous = remembered(plan_, candidate, ordered);
  });
}

std::uint64_t Replayer::survivor(std::uint32_t year) {
  if (!is_split_ && !request_.survivors.empty()) return request_.survivors.at(year);
  const auto found = find_survivor(year);
  if (found) return *found;
  const bool asked = year == request_.year_index;
  throw Error(
      ExitCode::bad_input,
      fmt::format(
          "trajectory {} has no survivor in {}: {}{}", trajectory_.index, plan_.years[year],
          is_split_ ? "splitting found no way into the constraints"
                    : fmt::format("its {} attempts ran out", plan_.attempts),
          asked ? "; name a candidate with --attempt"
                : fmt::format(", so the run never came to {}", plan_.years[request_.year_index])));
}

std::optional<std::uint64_t> Replayer::find_survivor(std::uint32_t year) {
  if (is_split_) {
    YearTally tally;
    split_ = split_survivor(sieve_.inputs(), trajectory_, year, tally);
    if (!split_) return std::nullopt;
    return split_->particle;
  }
  std::vector<Trial> trials;
  std::vector<Verdict> verdicts;
  for (std::uint64_t first = 0; first < plan_.attempts; first += trials.size()) {
    trials.clear();
    const std::uint64_t tile =
        std::min(std::clamp(first, first_tile, largest_tile), plan_.attempts - first);
    for (std::uint64_t i = 0; i < tile; ++i) {
      trials.push_back({&trajectory_, {trajectory_.index, first + i, year}});
    }
    verdicts.resize(trials.size());
    sieve_.judge(trials, verdicts);
    const auto found = std::find_if(verdicts.begin(), verdicts.end(),
                                    [](const Verdict& verdict) { return verdict.survives; });
    if (found != verdicts.end()) {
      return first + static_cast<std::uint64_t>(found - verdicts.begin());
    }
  }
  return std::nullopt;
}

void Replayer::visit(const Address& address, const Visitor& visitor) {
  if (is_split_) return visit_survivor(sieve_.inputs(), address, split_.value(), visitor);
  const Trial trial{&trajectory_, address};
  sieve_.visit({&trial, 1}, [&](std::size_t, const Candidate& candidate, OrderedSizes& ordered) {
    visitor(candidate, ordered);
  });
}

/// Everything that rejects the candidate.
Rejections Replayer::judge(const Address& address) {
  sieve_.audit_all();
  const Trial trial{&trajectory_, address};
  Verdict verdict;
  sieve_.judge({&trial, 1}, {&verdict, 1});
  return verdict.rejections;
}

ReplayedConstraint Replayer::constraint(std::size_t index, const Candidate& candidate,
                                        OrderedSizes& ordered) const {
  const Constraint& rule = plan_.constraints[index];
  const std::uint32_t year = candidate.address.year_index;
  ReplayedConstraint result;
  result.active = rule.active[year] != 0;
  result.statistic = evaluate(rule.statistic, candidate, ordered);
  result.previous = result.value = result.probability = result.uniform = result.ceiling = nothing;
  if (rule.relative_to == RelativeTo::previous_year && !trajectory_.previous.empty()) {
    result.previous = trajectory_.previous[index];
  }
  const bool is_first =
      rule.relative_to == RelativeTo::previous_year && std::isnan(result.previous);
  if (!is_first) {
    result.value = compared(rule, candidate, {result.statistic, 0.0}, result.previous).value;
  }
  result.passes = !result.active || is_first;
  if (result.passes) return result;
  if (!rule.is_soft()) {
    result.passes = result.value >= rule.lower[year] && result.value <= rule.upper[year];
    return result;
  }
  judge_soft(rule, candidate.address, result);
  return result;
}

/// A survivor of a population was not told by uniforms of its own.
void Replayer::judge_soft(const Constraint& rule, const Address& address,
                          ReplayedConstraint& result) const {
  const std::uint32_t year = address.year_index;
  const Draws& draws = sieve_.inputs().draws();
  const bool is_told = !is_split_ || !rule.has_own_uniform();
  result.passes = true;
  if (rule.has_ceiling()) {
    result.probability = chance_below(rule, year, result.value);
    if (!is_told) return;
    result.uniform = ceiling_uniform(rule, draws, address);
    result.ceiling = ceiling_at(rule, year, result.uniform);
    result.passes = result.value <= result.ceiling;
    return;
  }
  const double z = (result.value - rule.centre[year]) / rule.spread[year];
  result.probability = kernels::exponential(-0.5 * z * z);
  if (!is_told) return;
  result.uniform = draws.uniform(Stream::soft, address, rule.address);
  result.passes = result.uniform < result.probability;
}

Replay Replayer::describe(const Candidate& candidate, OrderedSizes& ordered) const {
  Replay result;
  result.address = candidate.address;
  result.inputs = candidate.inputs;
  result.location = candidate.location - location_offset(plan_, candidate.inputs);
  result.scale = candidate.scale;
  result.log10_sum = candidate.log10_sum();
  result.total_error = evaluate({StatisticKind::total_error}, candidate, ordered);
  for (const Statistic& statistic : plan_.outputs.statistics) {
    result.outputs.push_back(evaluate(statistic, candidate, ordered));
  }
  for (std::size_t i = 0; i < plan_.constraints.size(); ++i) {
    result.constraints.push_back(constraint(i, candidate, ordered));
  }
  const std::span<const double> ascending = ordered.sizes(SizeColumns::log10_flop).log10_flop;
  result.log10_flop.assign(ascending.rbegin(), ascending.rend());
  return result;
}

}  // namespace

Replay replay(const Plan& plan, const ReplayRequest& request) {
  check(plan, request);
  return Replayer(plan, request).replay();
}

}  // namespace flopsieve::engine
