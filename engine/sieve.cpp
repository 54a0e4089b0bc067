#include "engine/sieve.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "kernels/skew_normal.hpp"

namespace flopsieve::engine {

bool is_audited(const Address& address) {
  return (address.trajectory + address.year_index + address.attempt) % 64 == 0;
}

Sieve::Sieve(const Plan& plan, Purpose purpose) : plan_(&plan), inputs_(plan, purpose) {}

void Sieve::draw_inputs(std::span<const Trial> trials) {
  trial_inputs_.resize(trials.size());
  order_.resize(trials.size());
  std::iota(order_.begin(), order_.end(), 0u);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    trial_inputs_[i] = inputs_.candidate(trials[i].trajectory, trials[i].address);
  }
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
  kernels::GroupAddress address;
  kernels::GroupShape shape;
  kernels::PerLane<std::uint32_t> counts{};
  kernels::PerLane<double> scales{};
  for (std::size_t lane = 0; lane < order.size(); ++lane) {
    const Trial& trial = trials[order[lane]];
    const CandidateInputs& inputs = trial_inputs_[order[lane]];
    const kernels::Counter counter = inputs_.draws().counter(Stream::sizes, trial.address);
    address.word1[lane] = counter[1];
    address.word2[lane] = counter[2];
    address.word3[lane] = counter[3];
    const kernels::SkewNormalShape law = kernels::skew_normal_shape(inputs.skewness);
    shape.absolute[lane] = static_cast<float>(law.absolute);
    shape.normal[lane] = static_cast<float>(law.normal);
    shape.constant[lane] = static_cast<float>(law.constant);
    counts[lane] = inputs.count;
    scales[lane] = inputs.sd * kernels::log2_of_10;
    group_.trial[lane] = order[lane];
    group_.candidates[lane].inputs = inputs;
  }
  const std::size_t draws = *std::max_element(counts.begin(), counts.end());
  if (z_.size() < draws * kernels::group_width) z_.resize(draws * kernels::group_width);
  kernels::draw_sizes(inputs_.draws().key(), address, shape, draws, z_);
  kernels::sum_sizes(z_, counts, scales, sums_);
  for (std::size_t lane = 0; lane < order.size(); ++lane) {
    summarise_lane(lane, trials[order[lane]].address.year_index);
  }
}

void Sieve::summarise_lane(std::size_t lane, std::uint32_t year_index) {
  Candidate& candidate = group_.candidates[lane];
  candidate.log10_flop_per_usd = inputs_.log10_flop_per_usd(year_index);
  candidate.size_sum = sums_.total[lane];
  candidate.log10_size_sum = kernels::decimal_log(candidate.size_sum);
  candidate.power_1 = sums_.power_1[lane];
  candidate.power_2 = sums_.power_2[lane];
  candidate.power_3 = sums_.power_3[lane];
  candidate.power_4 = sums_.power_4[lane];
  candidate.largest_z = sums_.largest[lane];
  candidate.smallest_z = sums_.smallest[lane];
  candidate.mean = plan_->matching.match == Match::shift
                       ? candidate.inputs.log10_total - candidate.log10_size_sum
                       : candidate.inputs.mean;
}

bool Sieve::matches(const Candidate& candidate, const Address& address) const {
  if (plan_->matching.match == Match::shift) {
    return inputs_.accept_mean(candidate.inputs, address, candidate.mean);
  }
  const double error =
      kernels::power_of_ten(candidate.log10_sum() - candidate.inputs.log10_total) - 1.0;
  return std::abs(error) <= plan_->matching.tolerance;
}

bool Sieve::meets(std::size_t constraint, const Candidate& candidate, std::uint32_t year_index) {
  const Constraint& rule = plan_->constraints[constraint];
  if (rule.active[year_index] == 0) return true;
  const double value = evaluate(rule.statistic, candidate, ordered_);
  return value >= rule.lower[year_index] && value <= rule.upper[year_index];
}

Verdict Sieve::judge_lane(std::size_t lane, const Address& address) {
  const Candidate& candidate = group_.candidates[lane];
  Verdict verdict{.audited = is_audited(address)};
  if (!matches(candidate, address)) verdict.rejections |= 1;
  for (const std::uint32_t constraint : plan_->cascade) {
    if (verdict.rejections != 0 && !verdict.audited) break;
    if (!meets(constraint, candidate, address.year_index)) {
      verdict.rejections |= Rejections{2} << constraint;
    }
  }
  verdict.survives = verdict.rejections == 0;
  return verdict;
}

void Sieve::for_each_lane(std::span<const Trial> trials,
                          const std::function<void(std::size_t lane)>& body) {
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
  for_each_lane(trials, [&](std::size_t lane) {
    const std::size_t trial = group_.trial[lane];
    verdicts[trial] = judge_lane(lane, trials[trial].address);
  });
  return std::accumulate(trial_inputs_.begin(), trial_inputs_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& inputs) { return sum + inputs.count; });
}

void Sieve::visit(std::span<const Trial> trials, const Visitor& visit) {
  for_each_lane(trials, [&](std::size_t lane) {
    visit(group_.trial[lane], group_.candidates[lane], ordered_);
  });
}

}  // namespace flopsieve::engine
