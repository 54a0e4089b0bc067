#include "engine/sieve.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "kernels/math_constants.hpp"
#include "kernels/ordered.hpp"

namespace flopsieve::engine {

namespace {

bool is_made_of_powers(const Statistic& statistic) {
  using enum StatisticKind;
  const auto kinds = {mean, sd, skewness, excess_kurtosis, median_skewness};
  return std::find(kinds.begin(), kinds.end(), statistic.kind) != kinds.end();
}

}  // namespace

Sieve::Sieve(const Plan& plan, Purpose purpose)
    : plan_(&plan),
      inputs_(plan, purpose),
      input_tile_(inputs_),
      tilted_(inputs_),
      draws_(inputs_, tilted_),
      judge_(inputs_, tilted_, draws_) {
  const bool matched = plan.matching.match == Match::none || plan.matching.match == Match::rescale;
  always_survives_ = purpose == Purpose::run && matched && plan.constraints.empty() &&
                     plan.sizes.family != SizeFamily::student_t &&
                     plan.sizes.family != SizeFamily::mixture;
  const auto& statistics = plan.outputs.statistics;
  needs_powers_ =
      std::any_of(statistics.begin(), statistics.end(), is_made_of_powers) ||
      std::any_of(plan.constraints.begin(), plan.constraints.end(),
                  [](const Constraint& rule) { return is_made_of_powers(rule.statistic); });
  const auto needs_order = [](const Statistic& statistic) { return statistic.info().cost > 0; };
  visits_in_order_ = plan.outputs.keep == Keep::samples ||
                     std::any_of(statistics.begin(), statistics.end(), needs_order);
}

bool Sieve::orders_by_year() const {
  return inputs_.year_is_held() && !always_survives_ &&
         plan_->sizes.family != SizeFamily::allocation;
}

TrialInputs Sieve::draw_inputs(std::span<const Trial> trials) {
  if (!tilted_.in_use()) {
    if (const CandidateInputs* shared = input_tile_.find_shared(trials)) {
      return {trials, {shared, 1}};
    }
    return {trials, input_tile_.draw(trials)};
  }
  tilted_inputs_.resize(trials.size());
  tilted_.draw(trials, tilted_inputs_);
  return {trials, tilted_inputs_};
}

/// Brings candidates with nearly the same number of draws together: the lanes of a group take as
/// many steps as the longest.
void Sieve::order_by_count(const TrialInputs& all) {
  order_.resize(all.trials.size());
  std::iota(order_.begin(), order_.end(), 0u);
  const std::span<const CandidateInputs> inputs = all.inputs;
  const auto fewer = [](const CandidateInputs& a, const CandidateInputs& b) {
    return a.count < b.count;
  };
  if (std::is_sorted(inputs.begin(), inputs.end(), fewer)) return;
  count_keys_.resize(order_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) {
    count_keys_[i] = std::uint64_t{inputs[i].count} << 32 | i;
  }
  std::sort(count_keys_.begin(), count_keys_.end());
  for (std::size_t i = 0; i < order_.size(); ++i) {
    order_[i] = static_cast<std::uint32_t>(count_keys_[i]);
  }
}

template <class Body>
void Sieve::for_each_group(const TrialInputs& all, Body body) {
  order_by_count(all);
  for (std::size_t first = 0; first < order_.size(); first += kernels::group_width) {
    const std::size_t size = std::min(kernels::group_width, order_.size() - first);
    body(std::span<const std::uint32_t>(order_).subspan(first, size));
  }
}

std::uint64_t Sieve::judge(std::span<const Trial> trials, std::span<Verdict> verdicts) {
  if (always_survives_) {
    for (std::size_t i = 0; i < trials.size(); ++i) {
      verdicts[i] = {.survives = true, .audited = is_audited(trials[i].address)};
    }
    return 0;
  }
  const std::uint64_t before = draws_.drawn() + allocated_;
  if (plan_->sizes.family == SizeFamily::allocation) {
    for_each_allocation(trials, [&](const Trial& trial) {
      group_.judged[0] = 0;
      judge_.judge(trial, 0, group_, ordered_);
      verdicts[group_.trial[0]] = group_.verdicts[0];
    });
  } else {
    const TrialInputs all = draw_inputs(trials);
    for_each_group(all, [&](std::span<const std::uint32_t> order) {
      draws_.screen(all, order, group_);
      judge_group(all, verdicts);
    });
    if (waiting_.lanes > 0) judge_waiting(all, verdicts);
  }
  return draws_.drawn() + allocated_ - before;
}

void Sieve::judge_group(const TrialInputs& all, std::span<Verdict> verdicts) {
  std::uint32_t undecided = 0;
  for (std::size_t lane = 0; lane < group_.lanes; ++lane) {
    if (group_.rejections[lane] != 0) {
      verdicts[group_.trial[lane]] = {.rejections = group_.rejections[lane]};
    } else if (!judge_lane(all, lane, group_, verdicts)) {
      undecided |= 1u << lane;
    }
  }
  if (undecided != 0) put_aside(undecided, all, verdicts);
}

bool Sieve::judge_lane(const TrialInputs& all, std::size_t lane, Group& group,
                       std::span<Verdict> verdicts) {
  const std::size_t trial = group.trial[lane];
  ordered_.begin(group.candidates[lane], group.z.data() + lane, kernels::group_width,
                 group.has_gradients ? sorted_.data() + lane : nullptr);
  if (!judge_.judge(all.trials[trial], lane, group, ordered_)) return false;
  verdicts[trial] = group.verdicts[lane];
  return true;
}

/// Moves lanes of group_ to waiting_, and judges these whenever they are a whole group.
void Sieve::put_aside(std::uint32_t lanes, const TrialInputs& all, std::span<Verdict> verdicts) {
  while (lanes != 0) {
    waiting_.reserve(std::max(waiting_.rows, group_.rows));
    std::uint32_t taken = 0;
    std::size_t to = waiting_.lanes;
    for (; lanes != 0 && to < kernels::group_width; ++to) {
      const auto lane = static_cast<std::size_t>(std::countr_zero(lanes));
      lanes &= lanes - 1;
      taken |= 1u << lane;
      waiting_.candidates[to] = group_.candidates[lane];
      waiting_.trial[to] = group_.trial[lane];
      waiting_.judged[to] = group_.judged[lane];
      waiting_.verdicts[to] = group_.verdicts[lane];
    }
    waiting_.lanes = kernels::pack_lanes(group_.z, group_.rows, taken, waiting_.lanes, waiting_.z);
    if (waiting_.lanes == kernels::group_width) judge_waiting(all, verdicts);
  }
}

void Sieve::sort(const Group& group, kernels::PerLane<std::uint32_t>& counts) {
  std::size_t most = 0;
  for (std::size_t lane = 0; lane < group.lanes; ++lane) {
    counts[lane] = group.candidates[lane].inputs.count;
    most = std::max<std::size_t>(most, counts[lane]);
  }
  const std::size_t size = kernels::sorted_rows(most) * kernels::group_width;
  if (sorted_.size() < size) sorted_.resize(size);
  kernels::sort_group(group.z, counts, sorted_);
}

void Sieve::judge_waiting(const TrialInputs& all, std::span<Verdict> verdicts) {
  kernels::PerLane<std::uint32_t> counts{};
  kernels::PerLane<double> scales{};
  for (std::size_t lane = 0; lane < waiting_.lanes; ++lane) {
    scales[lane] = waiting_.candidates[lane].scale * kernels::log2_of_10;
  }
  sort(waiting_, counts);
  kernels::allocation_gradients(sorted_, counts, scales, waiting_.gradients);
  waiting_.has_gradients = true;
  waiting_.precise.fill(false);
  for (std::size_t lane = 0; lane < waiting_.lanes; ++lane) {
    judge_lane(all, lane, waiting_, verdicts);
  }
  waiting_.lanes = 0;
  waiting_.rows = 0;
}

void Sieve::visit(std::span<const Trial> trials, const Visitor& visit) {
  if (plan_->sizes.family == SizeFamily::allocation) {
    for_each_allocation(trials, [&](const Trial& /*trial*/) {
      visit(group_.trial[0], group_.candidates[0], ordered_);
    });
    return;
  }
  const TrialInputs all = draw_inputs(trials);
  for_each_group(all, [&](std::span<const std::uint32_t> order) {
    draws_.draw(all, order, group_);
    if (visits_in_order_) {
      kernels::PerLane<std::uint32_t> counts{};
      sort(group_, counts);
    }
    for (std::size_t lane = 0; lane < group_.lanes; ++lane) {
      ordered_.begin(group_.candidates[lane], group_.z.data() + lane, kernels::group_width,
                     visits_in_order_ ? sorted_.data() + lane : nullptr);
      visit(group_.trial[lane], group_.candidates[lane], ordered_);
    }
  });
}

}  // namespace flopsieve::engine
