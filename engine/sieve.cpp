#include "engine/sieve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/size_law.hpp"
#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"

namespace flopsieve::engine {

bool is_audited(const Address& address) {
  return (address.trajectory + address.year_index + address.attempt) % 64 == 0;
}

namespace {

/// Sizes farther from their location than this, in OOM, could overflow the sums or the ratio of two
/// sizes. Only Student's t and odd mixtures reach so far; the matching of the total rejects such a
/// candidate.
constexpr double farthest = 150.0;

bool overflows(const Candidate& candidate) {
  return !(candidate.scale * std::max(candidate.largest_z, -candidate.smallest_z) <= farthest);
}

}  // namespace

Sieve::Sieve(const Plan& plan, Purpose purpose)
    : plan_(&plan), inputs_(plan, purpose), size_draws_(plan), tilted_(inputs_) {
  const bool matched = plan.matching.match == Match::none || plan.matching.match == Match::rescale;
  always_survives_ = purpose == Purpose::run && matched && plan.constraints.empty() &&
                     plan.sizes.family != SizeFamily::student_t &&
                     plan.sizes.family != SizeFamily::mixture;
}

void Sieve::draw_inputs(std::span<const Trial> trials) {
  trial_inputs_.resize(trials.size());
  order_.resize(trials.size());
  std::iota(order_.begin(), order_.end(), 0u);
  if (tilted_.in_use()) return tilted_.draw(trials, trial_inputs_);
  const auto repeats = [&](std::size_t i) {
    return inputs_.same_for_all_attempts() && i > 0 &&
           trials[i].trajectory == trials[i - 1].trajectory &&
           trials[i].address.year_index == trials[i - 1].address.year_index;
  };
  for (std::size_t i = 0; i < trials.size(); ++i) {
    trial_inputs_[i] = repeats(i) ? trial_inputs_[i - 1]
                                  : inputs_.candidate(*trials[i].trajectory, trials[i].address);
  }
}

/// Brings candidates with nearly the same number of draws together: the lanes of a group take as
/// many steps as the longest.
void Sieve::order_by_count() {
  const auto before = [this](std::uint32_t a, std::uint32_t b) {
    const std::uint32_t count_a = trial_inputs_[a].count;
    const std::uint32_t count_b = trial_inputs_[b].count;
    return count_a != count_b ? count_a < count_b : a < b;
  };
  if (!std::is_sorted(order_.begin(), order_.end(), before)) {
    std::sort(order_.begin(), order_.end(), before);
  }
}

void Sieve::draw_group(std::span<const Trial> trials, std::span<const std::uint32_t> order,
                       Precise precise) {
  for (std::size_t lane = 0; lane < order.size(); ++lane) {
    Candidate& candidate = group_.candidates[lane];
    candidate.inputs = trial_inputs_[order[lane]];
    candidate.address = trials[order[lane]].address;
    candidate.sampler = &inputs_;
    const Frame frame =
        tilted_.in_use() ? tilted_.frame(order[lane]) : frame_of(*plan_, candidate.inputs);
    candidate.location = frame.location;
    candidate.scale = frame.scale;
    group_.trial[lane] = order[lane];
    drawn_ += candidate.inputs.count;
  }
  if (precise == Precise::when_it_matters && fits_fast_path(order.size())) {
    return draw_fast(order.size());
  }
  if (tilted_.in_use()) {
    draw_tilted(order.size());
  } else if (is_vectorised(plan_->sizes.family)) {
    draw_vectorised(order.size());
  } else {
    draw_by_family(order.size());
  }
  const bool largest_pays = plan_->matching.match == Match::last;
  kernels::PerLane<std::uint32_t> counts{};
  kernels::PerLane<double> scales{};
  for (std::size_t lane = 0; lane < order.size(); ++lane) {
    counts[lane] = group_.candidates[lane].inputs.count - (largest_pays ? 1 : 0);
    scales[lane] = group_.candidates[lane].scale * kernels::log2_of_10;
  }
  kernels::sum_sizes(z_, counts, scales, sums_);
  precise_.fill(true);
  for (std::size_t lane = 0; lane < order.size(); ++lane) {
    if (largest_pays) completed_[lane] = complete(lane);
    summarise_lane(lane, sums_);
  }
}

/// Single precision has room for all but very wide laws. match = "last" needs exact sums, and the
/// statistics that hang on an implied total have no error bounds.
bool Sieve::fits_fast_path(std::size_t lanes) const {
  if (!is_vectorised(plan_->sizes.family) || tilted_.in_use() ||
      plan_->matching.match == Match::last || plan_->total.model == TotalModel::implied) {
    return false;
  }
  return std::all_of(group_.candidates.begin(),
                     group_.candidates.begin() + static_cast<std::ptrdiff_t>(lanes),
                     [](const Candidate& candidate) {
                       return candidate.scale * kernels::log2_of_10 <= kernels::largest_fast_scale;
                     });
}

kernels::GroupShape Sieve::address_group(std::size_t lanes, kernels::GroupAddress& address) const {
  kernels::GroupShape shape;
  shape.plain = plan_->sizes.family == SizeFamily::normal;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const Candidate& candidate = group_.candidates[lane];
    const kernels::Counter counter = inputs_.draws().counter(Stream::sizes, candidate.address);
    address.word1[lane] = counter[1];
    address.word2[lane] = counter[2];
    address.word3[lane] = counter[3];
    if (shape.plain) continue;
    const kernels::SkewNormalShape law = shape_of(plan_->sizes.family, candidate.inputs);
    shape.absolute[lane] = static_cast<float>(law.absolute);
    shape.normal[lane] = static_cast<float>(law.normal);
    shape.constant[lane] = static_cast<float>(law.constant);
  }
  return shape;
}

void Sieve::draw_fast(std::size_t lanes) {
  kernels::GroupAddress address;
  const kernels::GroupShape shape = address_group(lanes, address);
  kernels::PerLane<std::uint32_t> counts{};
  kernels::PerLane<float> scales{};
  std::uint32_t most = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const Candidate& candidate = group_.candidates[lane];
    counts[lane] = candidate.inputs.count;
    scales[lane] = static_cast<float>(candidate.scale * kernels::log2_of_10);
    most = std::max(most, counts[lane]);
  }
  reserve(kernels::fast_rows(most));
  kernels::draw_and_sum(inputs_.draws().key(), address, shape, counts, scales, z_, sums_);
  precise_.fill(false);
  for (std::size_t lane = 0; lane < lanes; ++lane) summarise_lane(lane, sums_);
}

/// Repeats the sums of one lane in double precision.
void Sieve::sum_precisely(std::size_t lane) {
  kernels::PerLane<std::uint32_t> counts{};
  kernels::PerLane<double> scales{};
  counts[lane] = group_.candidates[lane].inputs.count;
  scales[lane] = group_.candidates[lane].scale * kernels::log2_of_10;
  kernels::GroupSums sums;
  kernels::sum_sizes(z_, counts, scales, sums);
  precise_[lane] = true;
  summarise_lane(lane, sums);
  ordered_.begin(group_.candidates[lane], z_.data() + lane, kernels::group_width);
}

void Sieve::draw_vectorised(std::size_t lanes) {
  kernels::GroupAddress address;
  const kernels::GroupShape shape = address_group(lanes, address);
  std::size_t draws = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    draws = std::max<std::size_t>(draws, group_.candidates[lane].inputs.count);
  }
  reserve(draws);
  kernels::draw_sizes(inputs_.draws().key(), address, shape, draws, z_);
}

void Sieve::draw_tilted(std::size_t lanes) {
  kernels::GroupAddress address;
  kernels::LaneTables tables{};
  std::size_t draws = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const Candidate& candidate = group_.candidates[lane];
    const kernels::Counter counter = inputs_.draws().counter(Stream::sizes, candidate.address);
    address.word1[lane] = counter[1];
    address.word2[lane] = counter[2];
    address.word3[lane] = counter[3];
    tables[lane] = tilted_.alias(group_.trial[lane]);
    draws = std::max<std::size_t>(draws, candidate.inputs.count);
  }
  reserve(draws);
  kernels::draw_tilted(inputs_.draws().key(), address, tables, draws, z_);
  if (plan_->sizes.family == SizeFamily::grid)
    kernels::to_cells(std::span(z_).first(draws * kernels::group_width));
}

void Sieve::draw_by_family(std::size_t lanes) {
  std::size_t draws = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const Candidate& candidate = group_.candidates[lane];
    size_draws_.set_lane(lane, candidate.inputs,
                         inputs_.draws().counter(Stream::sizes, candidate.address));
    draws = std::max<std::size_t>(draws, candidate.inputs.count);
  }
  reserve(draws);
  size_draws_.draw(inputs_.draws().key(), 0, draws, z_);
}

void Sieve::reserve(std::size_t draws) {
  if (z_.size() < draws * kernels::group_width) z_.resize(draws * kernels::group_width);
}

/// match = "last": puts the largest size, which makes up the total, in the last place and into the
/// sums of the others. False if the candidate is rejected; its last size is then what was drawn.
bool Sieve::complete(std::size_t lane) {
  Candidate& candidate = group_.candidates[lane];
  const std::size_t place = (candidate.inputs.count - 1) * kernels::group_width + lane;
  LastSize rest;
  rest.sum = sums_.total[lane];
  rest.largest_z = sums_.largest[lane];
  const LastDraw last = draw_last(inputs_, candidate, rest);
  candidate.last_weight = last.weight;
  if (last.z) z_[place] = *last.z;
  const auto z = static_cast<double>(z_[place]);
  sums_.total[lane] += kernels::power_of_two(candidate.scale * kernels::log2_of_10 * z);
  sums_.power_1[lane] += z;
  sums_.power_2[lane] += z * z;
  sums_.power_3[lane] += z * z * z;
  sums_.power_4[lane] += z * z * (z * z);
  sums_.largest[lane] = std::max(sums_.largest[lane], z);
  sums_.smallest[lane] = std::min(sums_.smallest[lane], z);
  return last.z.has_value();
}

void Sieve::summarise_lane(std::size_t lane, const kernels::GroupSums& sums) {
  Candidate& candidate = group_.candidates[lane];
  candidate.size_sum = sums.total[lane];
  candidate.log10_size_sum = kernels::decimal_log(candidate.size_sum);
  candidate.power_1 = sums.power_1[lane];
  candidate.power_2 = sums.power_2[lane];
  candidate.power_3 = sums.power_3[lane];
  candidate.power_4 = sums.power_4[lane];
  candidate.largest_z = sums.largest[lane];
  candidate.smallest_z = sums.smallest[lane];
  if (plan_->total.model == TotalModel::implied) {
    candidate.inputs.log10_total = candidate.log10_sum();
  } else if (solves_for_location()) {
    candidate.location = candidate.inputs.log10_total - candidate.log10_size_sum;
  }
}

bool Sieve::solves_for_location() const {
  return plan_->matching.match == Match::shift || plan_->matching.match == Match::rescale;
}

/// What is known of `low <= value <= high`.
Sieve::Finding Sieve::compare(const Screened& known, double low, double high) {
  if (known.value - known.error >= low && known.value + known.error <= high) {
    return Finding::passes;
  }
  if (known.value + known.error < low || known.value - known.error > high || known.error == 0.0) {
    return Finding::rejects;
  }
  return Finding::unclear;
}

Screened Sieve::known(const Statistic& statistic, std::size_t lane) {
  const Candidate& candidate = group_.candidates[lane];
  if (precise_[lane]) return {evaluate(statistic, candidate, ordered_), 0.0};
  if (gradients_known_ && statistic.kind == StatisticKind::allocation_gradient) {
    return {gradients_.gradient[lane], gradients_.bound[lane]};
  }
  return screen(statistic, candidate, solves_for_location(), ordered_);
}

Sieve::Finding Sieve::match_finding(std::size_t lane, const Trial& trial) {
  const Candidate& candidate = group_.candidates[lane];
  if (overflows(candidate)) return Finding::rejects;
  const auto decided = [](bool passes) { return passes ? Finding::passes : Finding::rejects; };
  switch (plan_->matching.match) {
    case Match::shift: {
      const auto accepted =
          inputs_.accept_location(candidate.inputs, *trial.trajectory, trial.address,
                                  candidate.location - location_offset(*plan_, candidate.inputs),
                                  precise_[lane] ? 0.0 : log10_sum_error(candidate));
      return accepted ? decided(*accepted) : Finding::unclear;
    }
    case Match::reject: {
      const double tolerance = plan_->matching.tolerance;
      const Finding finding =
          compare(known({StatisticKind::total_error}, lane), -tolerance, tolerance);
      if (finding != Finding::passes || !tilted_.in_use()) return finding;
      return decided(tilted_.keeps(group_.trial[lane], candidate, z_.data() + lane));
    }
    case Match::last:
      return decided(completed_[lane]);
    case Match::rescale:
    case Match::none:
      break;
  }
  return Finding::passes;
}

bool Sieve::matches(std::size_t lane, const Trial& trial) {
  Finding finding = match_finding(lane, trial);
  if (finding == Finding::unclear) {
    sum_precisely(lane);
    finding = match_finding(lane, trial);
  }
  return finding == Finding::passes;
}

Sieve::Finding Sieve::finding(const Constraint& rule, std::size_t lane, const Trial& trial,
                              double previous) {
  const std::uint32_t year = trial.address.year_index;
  if (rule.is_soft() && !precise_[lane]) return Finding::unclear;
  const Screened value =
      compared(rule, group_.candidates[lane], known(rule.statistic, lane), previous);
  if (!rule.is_soft()) return compare(value, rule.lower[year], rule.upper[year]);
  const double z = (value.value - rule.centre[year]) / rule.spread[year];
  return inputs_.draws().uniform(Stream::soft, trial.address, rule.address) <
                 kernels::exponential(-0.5 * z * z)
             ? Finding::passes
             : Finding::rejects;
}

bool Sieve::meets(std::size_t constraint, std::size_t lane, const Trial& trial) {
  const Constraint& rule = plan_->constraints[constraint];
  if (rule.active[trial.address.year_index] == 0) return true;
  double previous = std::numeric_limits<double>::quiet_NaN();
  if (rule.relative_to == RelativeTo::previous_year) {
    if (!trial.trajectory->previous.empty()) previous = trial.trajectory->previous[constraint];
    if (std::isnan(previous)) return true;
  }
  Finding result = finding(rule, lane, trial, previous);
  if (result == Finding::unclear) {
    sum_precisely(lane);
    result = finding(rule, lane, trial, previous);
  }
  return result == Finding::passes;
}

bool Sieve::waits_for_gradient(const Constraint& rule, std::size_t lane, const Trial& trial) const {
  return rule.statistic.kind == StatisticKind::allocation_gradient && !gradients_known_ &&
         !precise_[lane] && !rule.is_soft() && rule.active[trial.address.year_index] != 0;
}

std::optional<Verdict> Sieve::judge_lane(std::size_t lane, const Trial& trial) {
  Verdict verdict{.audited = is_audited(trial.address)};
  if (!matches(lane, trial)) verdict.rejections |= 1;
  for (const std::uint32_t constraint : plan_->cascade) {
    if (verdict.rejections != 0 && !verdict.audited) break;
    if (waits_for_gradient(plan_->constraints[constraint], lane, trial)) return std::nullopt;
    if (!meets(constraint, lane, trial)) verdict.rejections |= Rejections{2} << constraint;
  }
  verdict.survives = verdict.rejections == 0;
  if (tilted_.in_use() && (verdict.rejections & 1) == 0) {
    verdict.tilt_constant = tilted_.constant(group_.trial[lane]);
  }
  return verdict;
}

void Sieve::put_aside(std::size_t lane) {
  const std::size_t count = group_.candidates[lane].inputs.count;
  waiting_.rows = std::max(waiting_.rows, count);
  const std::size_t size = waiting_.rows * kernels::group_width;
  if (waiting_.z.size() < size) waiting_.z.resize(size);
  waiting_.group.candidates[waiting_.lanes] = group_.candidates[lane];
  waiting_.group.trial[waiting_.lanes] = group_.trial[lane];
  waiting_.lanes = kernels::pack_lanes(z_, count, 1u << lane, waiting_.lanes, waiting_.z);
}

/// Judges those put aside from the start, as a group that took their place; a verdict depends on
/// nothing but its candidate.
void Sieve::judge_waiting(std::span<const Trial> trials, std::span<Verdict> verdicts) {
  std::swap(group_, waiting_.group);
  z_.swap(waiting_.z);
  const auto precise = std::exchange(precise_, {});
  kernels::PerLane<std::uint32_t> counts{};
  kernels::PerLane<double> scales{};
  for (std::size_t lane = 0; lane < waiting_.lanes; ++lane) {
    counts[lane] = group_.candidates[lane].inputs.count;
    scales[lane] = group_.candidates[lane].scale * kernels::log2_of_10;
  }
  const std::size_t size = kernels::sorted_rows(waiting_.rows) * kernels::group_width;
  if (sorted_.size() < size) sorted_.resize(size);
  kernels::sort_group(z_, counts, sorted_);
  kernels::allocation_gradients(sorted_, counts, scales, gradients_);
  gradients_known_ = true;
  for (std::size_t lane = 0; lane < waiting_.lanes; ++lane) {
    ordered_.begin(group_.candidates[lane], z_.data() + lane, kernels::group_width);
    const std::size_t trial = group_.trial[lane];
    verdicts[trial] = judge_lane(lane, trials[trial]).value();
  }
  gradients_known_ = false;
  waiting_.lanes = 0;
  waiting_.rows = 0;
  precise_ = precise;
  z_.swap(waiting_.z);
  std::swap(group_, waiting_.group);
}

template <class Body>
void Sieve::for_each_lane(std::span<const Trial> trials, Precise precise, Body body) {
  if (plan_->sizes.family == SizeFamily::allocation) return for_each_allocation(trials, body);
  drawn_ = 0;
  draw_inputs(trials);
  order_by_count();
  for (std::size_t first = 0; first < trials.size(); first += kernels::group_width) {
    const std::size_t size = std::min(kernels::group_width, trials.size() - first);
    draw_group(trials, std::span(order_).subspan(first, size), precise);
    for (std::size_t lane = 0; lane < size; ++lane) {
      ordered_.begin(group_.candidates[lane], z_.data() + lane, kernels::group_width);
      body(lane);
    }
  }
}

std::uint64_t Sieve::judge(std::span<const Trial> trials, std::span<Verdict> verdicts) {
  if (always_survives_) {
    for (std::size_t i = 0; i < trials.size(); ++i) {
      verdicts[i] = {.survives = true, .audited = is_audited(trials[i].address)};
    }
    return 0;
  }
  for_each_lane(trials, Precise::when_it_matters, [&](std::size_t lane) {
    const std::size_t trial = group_.trial[lane];
    const std::optional<Verdict> verdict = judge_lane(lane, trials[trial]);
    if (verdict) {
      verdicts[trial] = *verdict;
      return;
    }
    put_aside(lane);
    if (waiting_.lanes == kernels::group_width) judge_waiting(trials, verdicts);
  });
  if (waiting_.lanes > 0) judge_waiting(trials, verdicts);
  return drawn_;
}

void Sieve::visit(std::span<const Trial> trials, const Visitor& visit) {
  for_each_lane(trials, Precise::yes, [&](std::size_t lane) {
    visit(group_.trial[lane], group_.candidates[lane], ordered_);
  });
}

}  // namespace flopsieve::engine
