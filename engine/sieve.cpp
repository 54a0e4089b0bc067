#include "engine/sieve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

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

Sieve::Sieve(const Plan& plan, Purpose purpose) : plan_(&plan), inputs_(plan, purpose) {
  const bool matched = plan.matching.match == Match::none || plan.matching.match == Match::rescale;
  always_survives_ = purpose == Purpose::run && matched && plan.constraints.empty() &&
                     plan.sizes.family != SizeFamily::student_t &&
                     plan.sizes.family != SizeFamily::mixture;
}

void Sieve::draw_inputs(std::span<const Trial> trials) {
  trial_inputs_.resize(trials.size());
  order_.resize(trials.size());
  std::iota(order_.begin(), order_.end(), 0u);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    trial_inputs_[i] = inputs_.candidate(*trials[i].trajectory, trials[i].address);
  }
  if (!is_tilted()) return;
  tilts_.resize(trials.size());
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const bool repeats = i > 0 && trials[i].trajectory == trials[i - 1].trajectory &&
                         trials[i].address.year_index == trials[i - 1].address.year_index;
    tilts_[i] = repeats ? tilts_[i - 1] : tilt_of(*plan_, trial_inputs_[i]);
  }
}

bool Sieve::is_tilted() const {
  return plan_->sampling.method == Method::truncate || plan_->sampling.method == Method::tilt;
}

/// Brings candidates with nearly the same number of draws together: the lanes of a group take as
/// many steps as the longest.
void Sieve::order_by_count() {
  std::sort(order_.begin(), order_.end(), [this](std::uint32_t a, std::uint32_t b) {
    const std::uint32_t count_a = trial_inputs_[a].count;
    const std::uint32_t count_b = trial_inputs_[b].count;
    return count_a != count_b ? count_a < count_b : a < b;
  });
}

void Sieve::draw_group(std::span<const Trial> trials, std::span<const std::uint32_t> order) {
  for (std::size_t lane = 0; lane < order.size(); ++lane) {
    Candidate& candidate = group_.candidates[lane];
    candidate.inputs = trial_inputs_[order[lane]];
    candidate.address = trials[order[lane]].address;
    candidate.sampler = &inputs_;
    const Frame frame = is_tilted() ? tilts_[order[lane]].table->base().frame()
                                    : frame_of(*plan_, candidate.inputs);
    candidate.location = frame.location;
    candidate.scale = frame.scale;
    group_.trial[lane] = order[lane];
  }
  if (is_tilted()) {
    draw_tilted(order.size());
  } else if (is_vectorised(plan_->sizes.family)) {
    draw_vectorised(order.size());
  } else {
    draw_one_by_one(order.size());
  }
  const bool largest_pays = plan_->matching.match == Match::last;
  kernels::PerLane<std::uint32_t> counts{};
  kernels::PerLane<double> scales{};
  for (std::size_t lane = 0; lane < order.size(); ++lane) {
    counts[lane] = group_.candidates[lane].inputs.count - (largest_pays ? 1 : 0);
    scales[lane] = group_.candidates[lane].scale * kernels::log2_of_10;
    drawn_ += group_.candidates[lane].inputs.count;
  }
  kernels::sum_sizes(z_, counts, scales, sums_);
  for (std::size_t lane = 0; lane < order.size(); ++lane) {
    if (largest_pays) completed_[lane] = complete(lane);
    summarise_lane(lane);
  }
}

void Sieve::draw_vectorised(std::size_t lanes) {
  kernels::GroupAddress address;
  kernels::GroupShape shape;
  std::size_t draws = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const Candidate& candidate = group_.candidates[lane];
    const kernels::Counter counter = inputs_.draws().counter(Stream::sizes, candidate.address);
    address.word1[lane] = counter[1];
    address.word2[lane] = counter[2];
    address.word3[lane] = counter[3];
    const kernels::SkewNormalShape law = shape_of(plan_->sizes.family, candidate.inputs);
    shape.absolute[lane] = static_cast<float>(law.absolute);
    shape.normal[lane] = static_cast<float>(law.normal);
    shape.constant[lane] = static_cast<float>(law.constant);
    draws = std::max<std::size_t>(draws, candidate.inputs.count);
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
    tables[lane] = tilts_[group_.trial[lane]].table->alias();
    draws = std::max<std::size_t>(draws, candidate.inputs.count);
  }
  reserve(draws);
  kernels::draw_tilted(inputs_.draws().key(), address, tables, draws, z_);
}

void Sieve::draw_one_by_one(std::size_t lanes) {
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    Candidate& candidate = group_.candidates[lane];
    draw_lane(*plan_, candidate.inputs, inputs_.draws().key(),
              inputs_.draws().counter(Stream::sizes, candidate.address), lane_);
    candidate.inputs.count = static_cast<std::uint32_t>(lane_.size());
    reserve(lane_.size());
    for (std::size_t i = 0; i < lane_.size(); ++i) z_[i * kernels::group_width + lane] = lane_[i];
  }
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

void Sieve::summarise_lane(std::size_t lane) {
  Candidate& candidate = group_.candidates[lane];
  candidate.size_sum = sums_.total[lane];
  candidate.log10_size_sum = kernels::decimal_log(candidate.size_sum);
  candidate.power_1 = sums_.power_1[lane];
  candidate.power_2 = sums_.power_2[lane];
  candidate.power_3 = sums_.power_3[lane];
  candidate.power_4 = sums_.power_4[lane];
  candidate.largest_z = sums_.largest[lane];
  candidate.smallest_z = sums_.smallest[lane];
  if (plan_->total.model == TotalModel::implied) {
    candidate.inputs.log10_total = candidate.log10_sum();
  } else if (plan_->matching.match == Match::shift || plan_->matching.match == Match::rescale) {
    candidate.location = candidate.inputs.log10_total - candidate.log10_size_sum;
  }
}

/// Whether a tilted candidate within the window is kept.
bool Sieve::thinned(std::size_t lane) const {
  const Candidate& candidate = group_.candidates[lane];
  const double log_keep = tilts_[group_.trial[lane]].log_keep(
      z_.data() + lane, kernels::group_width, candidate.inputs.count);
  return inputs_.draws().uniform(Stream::thinning, candidate.address, 0) <
         kernels::exponential(log_keep);
}

bool Sieve::matches(std::size_t lane, const Trial& trial) const {
  const Candidate& candidate = group_.candidates[lane];
  if (overflows(candidate)) return false;
  switch (plan_->matching.match) {
    case Match::shift:
      return inputs_.accept_location(
          candidate.inputs, *trial.trajectory, trial.address,
          candidate.location - location_offset(*plan_, candidate.inputs));
    case Match::reject: {
      const double error =
          kernels::power_of_ten(candidate.log10_sum() - candidate.inputs.log10_total) - 1.0;
      return std::abs(error) <= plan_->matching.tolerance && (!is_tilted() || thinned(lane));
    }
    case Match::last:
      return completed_[lane];
    case Match::rescale:
    case Match::none:
      break;
  }
  return true;
}

double measured(const Constraint& constraint, const Candidate& candidate, OrderedSizes& ordered,
                double previous) {
  const double value = evaluate(constraint.statistic, candidate, ordered);
  switch (constraint.relative_to) {
    case RelativeTo::total:
      return value - candidate.inputs.log10_total;
    case RelativeTo::count:
      return value / static_cast<double>(candidate.inputs.count);
    case RelativeTo::previous_year:
      if (constraint.statistic.info().unit == "log10 FLOP") {
        return std::isnan(previous) ? previous : kernels::power_of_ten(value - previous);
      }
      if (previous == 0.0) {
        return value == 0.0 ? 1.0 : std::numeric_limits<double>::infinity();
      }
      return value / previous;
    case RelativeTo::nothing:
      break;
  }
  return value;
}

bool Sieve::meets(std::size_t constraint, const Candidate& candidate, const Trial& trial) {
  const Constraint& rule = plan_->constraints[constraint];
  const std::uint32_t year = trial.address.year_index;
  if (rule.active[year] == 0) return true;
  double previous = std::numeric_limits<double>::quiet_NaN();
  if (rule.relative_to == RelativeTo::previous_year) {
    if (!trial.trajectory->previous.empty()) previous = trial.trajectory->previous[constraint];
    if (std::isnan(previous)) return true;
  }
  const double value = measured(rule, candidate, ordered_, previous);
  if (!rule.is_soft()) return value >= rule.lower[year] && value <= rule.upper[year];
  const double z = (value - rule.centre[year]) / rule.spread[year];
  return inputs_.draws().uniform(Stream::soft, trial.address, rule.address) <
         kernels::exponential(-0.5 * z * z);
}

Verdict Sieve::judge_lane(std::size_t lane, const Trial& trial) {
  const Candidate& candidate = group_.candidates[lane];
  Verdict verdict{.audited = is_audited(trial.address)};
  if (!matches(lane, trial)) verdict.rejections |= 1;
  for (const std::uint32_t constraint : plan_->cascade) {
    if (verdict.rejections != 0 && !verdict.audited) break;
    if (!meets(constraint, candidate, trial)) verdict.rejections |= Rejections{2} << constraint;
  }
  verdict.survives = verdict.rejections == 0;
  return verdict;
}

void Sieve::for_each_lane(std::span<const Trial> trials,
                          const std::function<void(std::size_t lane)>& body) {
  drawn_ = 0;
  draw_inputs(trials);
  order_by_count();
  for (std::size_t first = 0; first < trials.size(); first += kernels::group_width) {
    const std::size_t size = std::min(kernels::group_width, trials.size() - first);
    draw_group(trials, std::span(order_).subspan(first, size));
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
  for_each_lane(trials, [&](std::size_t lane) {
    const std::size_t trial = group_.trial[lane];
    verdicts[trial] = judge_lane(lane, trials[trial]);
  });
  return drawn_;
}

void Sieve::visit(std::span<const Trial> trials, const Visitor& visit) {
  for_each_lane(trials, [&](std::size_t lane) {
    visit(group_.trial[lane], group_.candidates[lane], ordered_);
  });
}

}  // namespace flopsieve::engine
