#include "jobs/bench_parts.hpp"

#include <algorithm>
#include <numeric>

#include "engine/batch.hpp"
#include "engine/cascade.hpp"
#include "engine/sieve.hpp"
#include "jobs/bench_kernels.hpp"
#include "kernels/ordered.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Plan;
using kernels::group_width;
using kernels::PerLane;

constexpr kernels::Key key{1, 0};
constexpr double scale = 5.5;  // an sd of 1.65 OOM

/// The plan with the constraints only that need no sizes in order.
Plan without_order(const Plan& plan) {
  Plan cheap = plan;
  std::erase_if(cheap.constraints,
                [](const engine::Constraint& rule) { return rule.statistic.info().cost > 0; });
  cheap.cascade = engine::cascade_order(cheap.constraints);
  return cheap;
}

/// Counts trajectory after trajectory: the tally of a batch of one tells how many attempts each
/// year took.
class Counter {
 public:
  explicit Counter(const Plan& plan)
      : one_(plan), cheap_(without_order(plan)), sieve_(cheap_, engine::Purpose::run) {
    one_.batch_trajectories = 1;
  }

  void add(std::uint64_t index, PartCounts& counts) {
    const auto batch = engine::run_batch(one_, index);
    const engine::Trajectory trajectory = sieve_.inputs().trajectory(index);
    for (std::uint32_t year = 0; year < one_.year_count(); ++year) {
      trials_.clear();
      const std::uint64_t attempts = batch->tally.years[year].candidates;
      for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
        trials_.push_back({&trajectory, {index, attempt, year}});
      }
      verdicts_.assign(trials_.size(), {});
      sieve_.judge(trials_, verdicts_);
      for (std::size_t i = 0; i < trials_.size(); ++i) {
        const auto count = sieve_.inputs().candidate(trajectory, trials_[i].address).count;
        counts.drawn.push_back(count);
        if (verdicts_[i].survives) counts.ordered.push_back(count);
        if (batch->tally.complete > 0 && i + 1 == trials_.size()) counts.recorded.push_back(count);
      }
    }
  }

 private:
  Plan one_;
  Plan cheap_;
  engine::Sieve sieve_;
  std::vector<engine::Trial> trials_;
  std::vector<engine::Verdict> verdicts_;
};

/// Calls body(numbers of sizes of 16 candidates) for one group after the other.
template <class Body>
void for_each_group(const std::vector<std::uint32_t>& counts, Body body) {
  for (std::size_t first = 0; first < counts.size(); first += group_width) {
    PerLane<std::uint32_t> lanes{};
    std::copy_n(counts.data() + first, std::min(group_width, counts.size() - first), lanes.data());
    body(lanes, *std::max_element(lanes.begin(), lanes.end()));
  }
}

template <class T>
PerLane<T> in_all_lanes(T value) {
  PerLane<T> lanes{};
  lanes.fill(value);
  return lanes;
}

}  // namespace

double PartCounts::draws_per_candidate() const {
  return std::accumulate(drawn.begin(), drawn.end(), 0.0) / static_cast<double>(drawn.size());
}

PartCounts count_parts(const Plan& plan) {
  PartCounts counts;
  Counter counter(plan);
  const std::uint64_t trajectories = std::min(plan.batch_trajectories, plan.trajectories);
  for (std::uint64_t index = 0; index < trajectories; ++index) counter.add(index, counts);
  for (auto* each : {&counts.drawn, &counts.ordered, &counts.recorded}) {
    std::sort(each->begin(), each->end());
  }
  return counts;
}

Parts::Parts(const PartCounts& counts) : counts_(&counts) {
  const std::size_t most = counts.drawn.empty() ? 0 : counts.drawn.back();
  z_.resize(kernels::fast_rows(most) * group_width);
  sorted_.resize(kernels::sorted_rows(most) * group_width);
  numbers_.resize(most);
  std::iota(address_.word1.begin(), address_.word1.end(), 0u);
  shape_.absolute.fill(-0.8f);
  shape_.normal.fill(0.9f);
  shape_.constant.fill(0.6f);
}

void Parts::run() {
  draw();
  order();
  record();
}

void Parts::draw() {
  const PerLane<float> scales = in_all_lanes(static_cast<float>(scale));
  kernels::GroupSums sums;
  for_each_group(counts_->drawn, [&](const auto& lanes, std::uint32_t /*most*/) {
    ++address_.word2[0];
    kernels::draw_and_sum(key, address_, shape_, lanes, scales, z_, sums);
    keep_results(&sums);
  });
}

void Parts::order() {
  const PerLane<double> scales = in_all_lanes(scale);
  kernels::GroupGradients gradients;
  for_each_group(counts_->ordered, [&](const auto& lanes, std::uint32_t /*most*/) {
    kernels::sort_group(z_, lanes, sorted_);
    kernels::allocation_gradients(sorted_, lanes, scales, gradients);
    keep_results(&gradients);
  });
}

void Parts::record() {
  const PerLane<double> scales = in_all_lanes(scale);
  kernels::GroupSums sums;
  for_each_group(counts_->recorded, [&](const auto& lanes, std::uint32_t most) {
    ++address_.word2[0];
    kernels::draw_sizes(key, address_, shape_, most, z_);
    kernels::sum_sizes(z_, lanes, scales, sums);
    kernels::sort_group(z_, lanes, sorted_);
    keep_results(&sums);
    for (const std::uint32_t count : lanes) {
      const std::span<double> numbers(numbers_.data(), count);
      std::fill(numbers.begin(), numbers.end(), -1.5);
      kernels::powers_of_ten(numbers, numbers);
      kernels::decimal_logs(numbers, numbers);
      keep_results(numbers.data());
    }
  });
}

}  // namespace flopsieve::jobs
