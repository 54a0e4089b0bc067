#include "engine/group.hpp"

#include <algorithm>
#include <cmath>

#include "engine/screen.hpp"
#include "engine/size_law.hpp"
#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "kernels/tilted.hpp"

namespace flopsieve::engine {
void Group::reserve(std::size_t draws) {
  rows = draws;
  if (z.size() < draws * kernels::group_width) z.resize(draws * kernels::group_width);
}

GroupDraws::GroupDraws(const InputSampler& inputs, const TiltedTrials& tilted)
    : plan_(&inputs.plan()),
      inputs_(&inputs),
      tilted_(&tilted),
      size_draws_(inputs.plan()),
      lane_screen_(inputs.plan()) {}

/// match = "last" needs exact sums, and the statistics that hang on an implied total have no error
/// bounds.
bool GroupDraws::has_error_bounds() const {
  return plan_->matching.match != Match::last && plan_->total.model != TotalModel::implied;
}

void GroupDraws::begin(const TrialInputs& all, std::span<const std::uint32_t> order, Group& group) {
  group.lanes = order.size();
  group.has_gradients = false;
  group.judged.fill(0);
  group.rejections.fill(0);
  counts_.fill(0);
  scales_.fill(0.0);
  const bool tilted = tilted_->in_use();
  std::size_t drawn = 0;
  std::uint32_t most = 0;
  for (std::size_t lane = 0; lane < order.size(); ++lane) {
    const std::size_t trial = order[lane];
    const CandidateInputs& inputs = all.of(trial);
    const Frame frame = tilted ? tilted_->frame(trial) : frame_of(*plan_, inputs);
    group.trial[lane] = trial;
    locations_[lane] = frame.location;
    spreads_[lane] = frame.scale;
    scales_[lane] = frame.scale * kernels::log2_of_10;
    counts_[lane] = inputs.count;
    drawn += inputs.count;
    most = std::max(most, inputs.count);
  }
  drawn_ += drawn;
  group.rows = most;
}

/// The candidate without its sums.
void GroupDraws::fill(const TrialInputs& all, std::size_t lane, Group& group) const {
  const std::size_t trial = group.trial[lane];
  Candidate& candidate = group.candidates[lane];
  candidate.inputs = all.of(trial);
  candidate.address = all.trials[trial].address;
  candidate.sampler = inputs_;
  candidate.location = locations_[lane];
  candidate.scale = spreads_[lane];
}

void GroupDraws::draw(const TrialInputs& all, std::span<const std::uint32_t> order, Group& group) {
  begin(all, order, group);
  for (std::size_t lane = 0; lane < group.lanes; ++lane) fill(all, lane, group);
  draw_sizes(all, group);
  const bool largest_pays = plan_->matching.match == Match::last;
  kernels::PerLane<std::uint32_t> counts = counts_;
  if (largest_pays) {
    for (std::size_t lane = 0; lane < group.lanes; ++lane) --counts[lane];
  }
  const kernels::PerLane<float> origins = origins_of(group);
  kernels::sum_sizes(group.z, counts, scales_, sums_, origins);
  group.precise.fill(true);
  for (std::size_t lane = 0; lane < group.lanes; ++lane) {
    group.candidates[lane].origin = static_cast<double>(origins[lane]);
    if (largest_pays) group.completed[lane] = complete(lane, group);
    summarise(lane, sums_, kernels::decimal_log(sums_.total[lane]), group);
  }
}

void GroupDraws::screen(const TrialInputs& all, std::span<const std::uint32_t> order,
                        Group& group) {
  if (!has_error_bounds()) return draw(all, order, group);
  begin(all, order, group);
  draw_and_sum(all, group);
  for (std::size_t lane = group.lanes; lane < kernels::group_width; ++lane) sums_.total[lane] = 1.0;
  kernels::decimal_logs(sums_.total, log10_totals_);
  group.precise.fill(false);
  const LaneScreen::Findings findings = look_at_lanes(all, group);
  group.rejections = findings.rejections;
  for (std::size_t lane = 0; lane < group.lanes; ++lane) {
    if (group.rejections[lane] != 0) continue;
    group.judged[lane] = findings.judged[lane];
    group.verdicts[lane] = {};
    fill(all, lane, group);
    group.candidates[lane].origin = static_cast<double>(law_.origin[lane]);
    summarise(lane, sums_, log10_totals_[lane], group);
    if (!fits_single_precision(group.candidates[lane])) sum_precisely(lane, group);
  }
}

/// Not at audited candidates, of which every rejector is asked, nor at tilted ones, whose windows
/// count even where another constraint rejects.
LaneScreen::Findings GroupDraws::look_at_lanes(const TrialInputs& all, const Group& group) {
  if (tilted_->in_use()) return {};
  lanes_.is_open.fill(false);
  for (std::size_t lane = 0; lane < group.lanes; ++lane) {
    const std::size_t trial = group.trial[lane];
    const Address& address = all.trials[trial].address;
    lanes_.is_open[lane] = !audits_all_ && !is_audited(address);
    lanes_.year_index[lane] = address.year_index;
    lanes_.log10_total[lane] = all.of(trial).log10_total;
    lanes_.log10_flop_per_usd[lane] = inputs_->log10_flop_per_usd(address.year_index);
    lanes_.count[lane] = static_cast<double>(counts_[lane]);
  }
  lanes_.location = locations_;
  lanes_.scale = scales_;
  return lane_screen_.look(lanes_, sums_, log10_totals_, error_factor_);
}

/// Sizes with sums in single precision.
void GroupDraws::draw_and_sum(const TrialInputs& all, Group& group) {
  const std::size_t draws = group.rows;
  law_.count = counts_;
  for (std::size_t lane = 0; lane < kernels::group_width; ++lane) {
    law_.scale[lane] = static_cast<float>(scales_[lane]);
  }
  if (tilted_->in_use()) {
    draw_tilted(all, group);
    law_.origin = origins_of(group);
    sums_ = kernels::empty_sums();
    kernels::add_sizes(group.z, 0, draws, law_, sums_);
  } else if (is_vectorised(plan_->sizes.family)) {
    law_.origin.fill(0.0f);
    group.reserve(kernels::fast_rows(draws));
    kernels::draw_and_sum(inputs_->draws().key(), address_of(all, group),
                          shape_of_lanes(all, group), law_.count, law_.scale, group.z, sums_);
  } else {
    set_laws(all, group);
    group.reserve(draws);
    law_.origin = origins_of(group);
    size_draws_.draw_and_sum(inputs_->draws().key(), law_, group.z, sums_);
  }
  group.rows = draws;
}

/// What the powers of sums are taken about. Of tilted sizes, which are in z by then, the first.
kernels::PerLane<float> GroupDraws::origins_of(const Group& group) const {
  if (!tilted_->in_use()) return size_draws_.origins();
  kernels::PerLane<float> origins{};
  std::copy_n(group.z.begin(), group.lanes, origins.begin());
  return origins;
}

void GroupDraws::draw_sizes(const TrialInputs& all, Group& group) {
  if (tilted_->in_use()) return draw_tilted(all, group);
  group.reserve(group.rows);
  if (is_vectorised(plan_->sizes.family)) {
    kernels::draw_sizes(inputs_->draws().key(), address_of(all, group), shape_of_lanes(all, group),
                        group.rows, group.z);
  } else {
    set_laws(all, group);
    size_draws_.draw(inputs_->draws().key(), 0, group.rows, group.z);
  }
}

kernels::GroupAddress GroupDraws::address_of(const TrialInputs& all, const Group& group) const {
  kernels::GroupAddress address;
  for (std::size_t lane = 0; lane < group.lanes; ++lane) {
    const kernels::Counter counter =
        inputs_->draws().counter(Stream::sizes, all.trials[group.trial[lane]].address);
    address.word1[lane] = counter[1];
    address.word2[lane] = counter[2];
    address.word3[lane] = counter[3];
  }
  return address;
}

kernels::GroupShape GroupDraws::shape_of_lanes(const TrialInputs& all, const Group& group) const {
  kernels::GroupShape shape;
  shape.plain = plan_->sizes.family == SizeFamily::normal;
  if (shape.plain) return shape;
  if (plan_->sizes.family == SizeFamily::skew_normal) {
    kernels::PerLane<double> skewness{};
    for (std::size_t lane = 0; lane < group.lanes; ++lane) {
      skewness[lane] = all.of(group.trial[lane]).parameters[2];
    }
    return kernels::skew_normal_group(skewness);
  }
  for (std::size_t lane = 0; lane < group.lanes; ++lane) {
    const kernels::SkewNormalShape law = shape_of(plan_->sizes.family, all.of(group.trial[lane]));
    shape.absolute[lane] = static_cast<float>(law.absolute);
    shape.normal[lane] = static_cast<float>(law.normal);
    shape.constant[lane] = static_cast<float>(law.constant);
  }
  return shape;
}

void GroupDraws::draw_tilted(const TrialInputs& all, Group& group) const {
  kernels::LaneTables tables{};
  for (std::size_t lane = 0; lane < group.lanes; ++lane) {
    tables[lane] = tilted_->alias(group.trial[lane]);
  }
  group.reserve(group.rows);
  kernels::draw_tilted(inputs_->draws().key(), address_of(all, group), tables, group.rows, group.z);
  if (plan_->sizes.family == SizeFamily::grid) {
    kernels::to_cells(std::span(group.z).first(group.rows * kernels::group_width));
  }
}

void GroupDraws::set_laws(const TrialInputs& all, const Group& group) {
  for (std::size_t lane = 0; lane < group.lanes; ++lane) {
    const std::size_t trial = group.trial[lane];
    size_draws_.set_lane(lane, all.of(trial),
                         inputs_->draws().counter(Stream::sizes, all.trials[trial].address));
  }
}

void GroupDraws::sum_precisely(std::size_t lane, Group& group) const {
  Candidate& candidate = group.candidates[lane];
  kernels::PerLane<std::uint32_t> counts{};
  kernels::PerLane<double> scales{};
  counts[lane] = candidate.inputs.count;
  scales[lane] = candidate.scale * kernels::log2_of_10;
  kernels::PerLane<float> origins{};
  origins[lane] = static_cast<float>(candidate.origin);
  kernels::GroupSums sums;
  kernels::sum_sizes(group.z, counts, scales, sums, origins);
  group.precise[lane] = true;
  summarise(lane, sums, kernels::decimal_log(sums.total[lane]), group);
}

/// match = "last": puts the largest size, which makes up the total, in the last place and into the
/// sums of the others. False if the candidate is rejected; its last size is then what was drawn.
bool GroupDraws::complete(std::size_t lane, Group& group) {
  Candidate& candidate = group.candidates[lane];
  const std::size_t place = (candidate.inputs.count - 1) * kernels::group_width + lane;
  LastSize rest;
  rest.sum = sums_.total[lane];
  rest.largest_z = sums_.largest[lane];
  const LastDraw last = draw_last(*inputs_, candidate, rest);
  candidate.last_weight = last.weight;
  if (last.z) group.z[place] = *last.z;
  const auto z = static_cast<double>(group.z[place]);
  sums_.total[lane] += kernels::power_of_two(candidate.scale * kernels::log2_of_10 * z);
  const double w = z - candidate.origin;
  sums_.power_1[lane] += w;
  sums_.power_2[lane] += w * w;
  sums_.power_3[lane] += w * w * w;
  sums_.power_4[lane] += w * w * (w * w);
  sums_.largest[lane] = std::max(sums_.largest[lane], z);
  sums_.smallest[lane] = std::min(sums_.smallest[lane], z);
  return last.z.has_value();
}

void GroupDraws::summarise(std::size_t lane, const kernels::GroupSums& sums, double log10_total,
                           Group& group) const {
  Candidate& candidate = group.candidates[lane];
  candidate.size_sum = sums.total[lane];
  candidate.log10_size_sum = log10_total;
  candidate.power_1 = sums.power_1[lane];
  candidate.power_2 = sums.power_2[lane];
  candidate.power_3 = sums.power_3[lane];
  candidate.power_4 = sums.power_4[lane];
  candidate.largest_z = sums.largest[lane];
  candidate.smallest_z = sums.smallest[lane];
  if (plan_->total.model == TotalModel::implied) {
    candidate.inputs.log10_total = candidate.log10_sum();
  } else if (plan_->matching.match == Match::shift || plan_->matching.match == Match::rescale) {
    candidate.location = candidate.inputs.log10_total - candidate.log10_size_sum;
  }
}

}  // namespace flopsieve::engine
