#include "engine/pilot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/error.hpp"
#include "engine/sieve.hpp"
#include "engine/split_run.hpp"
#include "engine/summary.hpp"
#include "engine/tilt_parameters.hpp"

namespace flopsieve::engine {
namespace {

constexpr double most_draws = 4e9;
constexpr std::uint64_t tile = 4096;

/// Which trajectory and attempt is the index-th to be judged.
class PilotOrder {
 public:
  PilotOrder(const Plan& plan, std::uint32_t year_index) {
    if (!is_tilted(plan.sampling.method)) return;
    attempts_ = tilt_pilot_attempts;
    if (tilt_priors(plan, year_index).size() > 1) trajectories_ = tilt_pilot_trajectories;
  }

  Address address(std::uint64_t index, std::uint32_t year_index) const {
    const std::uint64_t turn = index / attempts_;
    return {turn % trajectories_, turn / trajectories_ * attempts_ + index % attempts_, year_index};
  }

 private:
  std::uint64_t attempts_ = 1;
  std::uint64_t trajectories_ = address_limit;
};

/// Why tilting leads nowhere in most of the first trajectories; empty if it may.
std::string tilt_obstacle(const Plan& plan, Sieve& sieve, std::uint32_t year_index) {
  if (!is_tilted(plan.sampling.method)) return {};
  constexpr std::uint64_t looked_at = 16;
  std::string first;
  std::uint64_t hopeless = 0;
  for (std::uint64_t i = 0; i < looked_at; ++i) {
    const std::string found = sieve.tilt_obstacle(sieve.inputs().trajectory(i), year_index);
    if (!found.empty()) ++hopeless;
    if (first.empty()) first = found;
  }
  return 2 * hopeless > looked_at ? first : std::string();
}

/// match = "last": how unequal the weights of the first candidates are.
WeightReport weigh(Sieve& sieve, std::uint32_t year_index) {
  std::vector<Trajectory> trajectories;
  trajectories.reserve(tile);
  std::vector<Trial> trials;
  for (std::uint64_t index = 0; index < tile; ++index) {
    trajectories.push_back(sieve.inputs().trajectory(index));
    trials.push_back({&trajectories.back(), {index, 0, year_index}});
  }
  std::vector<double> weights(trials.size());
  sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes&) {
    weights[i] = candidate.last_weight;
  });
  return report_weights(std::move(weights));
}

/// Expected number of attempts of a year that passes with probability p, at most `attempts`.
double expected_attempts(double p, std::uint64_t attempts) {
  return std::min(1.0 / p, static_cast<double>(attempts));
}

/// With Method::split every trajectory has its population, whatever `attempts` says.
std::uint64_t attempts_of(const Plan& plan) {
  return plan.sampling.method == Method::split ? address_limit : plan.attempts;
}

}  // namespace

PilotYear pilot_year(const Plan& plan, Sieve& sieve, std::uint32_t year_index,
                     const PilotLimits& limits) {
  PilotYear year;
  year.tally.resize(plan.constraints.size() + 1);
  double draws = 0.0;
  const PilotOrder order(plan, year_index);
  year.why = tilt_obstacle(plan, sieve, year_index);
  if (!year.why.empty()) {
    for (const TiltDrawn& each : tilt_priors(plan, year_index)) {
      year.too_wide.push_back(size_parameter_name(plan.sizes, each.index));
    }
  }
  std::vector<Trajectory> trajectories;
  std::vector<Trial> trials;
  std::vector<Verdict> verdicts;
  for (std::uint64_t index = 0; index < limits.most && draws < most_draws;) {
    trials.clear();
    trajectories.clear();
    trajectories.reserve(limits.lot);
    for (std::uint64_t i = 0; i < limits.lot && index < limits.most; ++i, ++index) {
      const Address address = order.address(index, year_index);
      if (trials.empty() || trajectories.back().index != address.trajectory) {
        trajectories.push_back(sieve.inputs().trajectory(address.trajectory));
      }
      trials.push_back({&trajectories.back(), address});
    }
    verdicts.assign(trials.size(), {});
    draws += static_cast<double>(sieve.judge(trials, verdicts));
    for (const Verdict& verdict : verdicts) year.tally.add_verdict(verdict, 0);
    if (year.tally.survivors >= limits.survivors) break;
    if (!year.why.empty() && year.tally.survivors == 0) break;
    if (index >= limits.many && year.tally.survivors >= limits.few) break;
  }
  year.draws_per_candidate = draws / static_cast<double>(year.tally.candidates);
  return year;
}

PilotYear split_pilot_year(const Plan& plan, std::uint32_t year_index) {
  const InputSampler sampler(plan, Purpose::pilot);
  PilotYear year;
  year.tally.resize(plan.constraints.size() + 1);
  double sizes = 0.0;
  std::string why;
  for (std::uint64_t index = 0; index < split_pilot_trajectories; ++index) {
    const Trajectory trajectory = sampler.trajectory(index);
    const auto survivor = split_survivor(sampler, trajectory, year_index, year.tally, &why);
    if (survivor) sizes += static_cast<double>(survivor->z.size());
  }
  if (year.tally.survivors == 0) {
    year.why = std::move(why);
  } else {
    year.draws_per_candidate = sizes / static_cast<double>(year.tally.survivors);
  }
  return year;
}

double PilotYear::pass_rate() const {
  return static_cast<double>(tally.survivors) / static_cast<double>(tally.candidates);
}

double Pilot::candidates_per_trajectory(const Plan& plan) const {
  double sum = 0.0;
  for (const PilotYear& year : years) sum += expected_attempts(year.pass_rate(), attempts_of(plan));
  return sum;
}

double Pilot::draws_per_trajectory(const Plan& plan) const {
  double sum = 0.0;
  for (const PilotYear& year : years) {
    sum += expected_attempts(year.pass_rate(), attempts_of(plan)) * year.draws_per_candidate;
  }
  return sum;
}

Pilot run_pilot(const Plan& plan) {
  Pilot pilot;
  if (plan.sampling.method == Method::split) {
    for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
      pilot.years.push_back(split_pilot_year(plan, year));
      if (pilot.years.back().tally.survivors == 0) break;
    }
    return pilot;
  }
  Sieve sieve(plan, Purpose::pilot);
  for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
    pilot.years.push_back(pilot_year(plan, sieve, year, {}));
    if (plan.matching.match == Match::last) pilot.years.back().weights = weigh(sieve, year);
    if (pilot.years.back().tally.survivors == 0) break;
  }
  return pilot;
}

std::uint64_t choose_batch_size(const Plan& plan, const Pilot& pilot) {
  // A size of a split takes about as long as ten others.
  const double draws_per_batch = plan.sampling.method == Method::split ? 1e7 : 1e8;
  const double wanted = draws_per_batch / pilot.draws_per_trajectory(plan);
  std::uint64_t size = 1;
  while (size < 4096 && 2.0 * static_cast<double>(size) <= wanted) size *= 2;
  return size;
}

std::string killer_sentence(const Plan& plan, const YearTally& year) {
  std::vector<RejectorReport> reports = cutflow(plan, year);
  std::stable_sort(reports.begin(), reports.end(),
                   [](const auto& a, const auto& b) { return a.alone > b.alone; });
  const auto percent = [&](const RejectorReport& report) {
    return 100.0 * static_cast<double>(report.alone) /
           static_cast<double>(std::max<std::uint64_t>(year.audited, 1));
  };
  std::string sentence = fmt::format("{} rejects {:.3g} % of the candidates looked at in full",
                                     reports[0].name, percent(reports[0]));
  if (reports.size() > 1) {
    sentence += fmt::format(" (the next, {}, {:.3g} %)", reports[1].name, percent(reports[1]));
  }
  return sentence;
}

void demand_survivors(const Plan& plan, const Pilot& pilot) {
  const PilotYear& last = pilot.years.back();
  if (last.tally.survivors > 0) return;
  const int year = plan.years[pilot.years.size() - 1];
  if (!last.why.empty()) {
    const std::string message = fmt::format("{}: {}; or try with --force", year, last.why);
    if (!last.too_wide.empty()) throw TooWide(message, last.too_wide);
    throw Error(ExitCode::budget, message);
  }
  const auto candidates = static_cast<double>(last.tally.candidates);
  throw Error(ExitCode::budget,
              fmt::format("none of {} trial candidates of {} meets every constraint, so fewer than "
                          "one in {:.2g} does (95 %): {}. Widen a constraint, move an input, or "
                          "try with --force",
                          last.tally.candidates, year, candidates / 3.0,
                          killer_sentence(plan, last.tally)));
}

}  // namespace flopsieve::engine
