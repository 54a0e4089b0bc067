#include "engine/judge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ceiling.hpp"
#include "engine/size_law.hpp"
#include "engine/tilt_window.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Sizes farther from their location than this, in OOM, could overflow the sums or the ratio of two
/// sizes. Only Student's t and odd mixtures reach so far; the matching of the total rejects such a
/// candidate.
constexpr double farthest = 150.0;

bool overflows(const Candidate& candidate) {
  return !(candidate.scale * std::max(candidate.largest_z, -candidate.smallest_z) <= farthest);
}

}  // namespace

Judge::Judge(const InputSampler& inputs, const TiltedTrials& tilted, const GroupDraws& draws)
    : plan_(&inputs.plan()),
      inputs_(&inputs),
      tilted_(&tilted),
      draws_(&draws),
      solved_(plan_->matching.match == Match::shift || plan_->matching.match == Match::rescale) {}

bool Judge::judge(const Trial& trial, std::size_t lane, Group& group, OrderedSizes& ordered) {
  const Lane at{trial, lane, group, ordered};
  Verdict& verdict = group.verdicts[lane];
  std::uint32_t& judged = group.judged[lane];
  if (judged == 0) {
    verdict = {.audited = audits_all_ || is_audited(trial.address)};
    if (!matches(at)) verdict.rejections |= 1;
    judged = 1;
  }
  for (; judged <= plan_->cascade.size(); ++judged) {
    if (verdict.rejections != 0 && !verdict.audited) break;
    const std::uint32_t constraint = plan_->cascade[judged - 1];
    if (waits_for_gradient(plan_->constraints[constraint], at)) return false;
    if (!meets(constraint, at)) verdict.rejections |= Rejections{2} << constraint;
  }
  verdict.survives = verdict.rejections == 0;
  if (tilted_->in_use() && (verdict.rejections & 1) == 0 && meets_tilt_windows(at)) {
    verdict.tilt_constant = tilted_->constant(at.group.trial[at.lane]);
  }
  return true;
}

bool Judge::waits_for_gradient(const Constraint& rule, const Lane& at) const {
  return rule.statistic.kind == StatisticKind::allocation_gradient && !at.group.has_gradients &&
         !at.is_precise() && !rule.is_soft() && rule.active[at.trial.address.year_index] != 0;
}

/// What is known of `low <= value <= high`.
Judge::Finding Judge::compare(const Screened& known, double low, double high) {
  if (known.value - known.error >= low && known.value + known.error <= high) {
    return Finding::passes;
  }
  if (known.value + known.error < low || known.value - known.error > high || known.error == 0.0) {
    return Finding::rejects;
  }
  return Finding::unclear;
}

Screened Judge::known(const Statistic& statistic, const Lane& at) const {
  const Candidate& candidate = at.candidate();
  if (at.is_precise()) return {evaluate(statistic, candidate, at.ordered), 0.0};
  if (at.group.has_gradients && statistic.kind == StatisticKind::allocation_gradient) {
    const kernels::GroupGradients& found = at.group.gradients;
    return {found.gradient[at.lane], error_factor_ * found.bound[at.lane]};
  }
  const Screened found = screen(statistic, candidate, solved_, at.ordered);
  return {found.value, found.error == infinity ? infinity : error_factor_ * found.error};
}

void Judge::sum_precisely(const Lane& at) const {
  draws_->sum_precisely(at.lane, at.group);
  at.ordered.begin(at.candidate(), at.group.z.data() + at.lane, kernels::group_width);
}

bool Judge::matches(const Lane& at) const {
  Finding finding = match_finding(at);
  if (finding == Finding::unclear) {
    sum_precisely(at);
    finding = match_finding(at);
  }
  return finding == Finding::passes;
}

Judge::Finding Judge::match_finding(const Lane& at) const {
  const Candidate& candidate = at.candidate();
  if (overflows(candidate)) return Finding::rejects;
  const auto decided = [](bool passes) { return passes ? Finding::passes : Finding::rejects; };
  switch (plan_->matching.match) {
    case Match::shift: {
      const auto accepted = inputs_->accept_location(
          candidate.inputs, *at.trial.trajectory, at.trial.address,
          candidate.location - location_offset(*plan_, candidate.inputs),
          at.is_precise() ? 0.0 : error_factor_ * log10_sum_error(candidate));
      return accepted ? decided(*accepted) : Finding::unclear;
    }
    case Match::reject: {
      const double tolerance = plan_->matching.tolerance;
      const Finding finding =
          compare(known({StatisticKind::total_error}, at), -tolerance, tolerance);
      if (finding != Finding::passes || !tilted_->in_use()) return finding;
      return decided(
          tilted_->keeps(at.group.trial[at.lane], candidate, at.group.z.data() + at.lane));
    }
    case Match::last:
      return decided(at.group.completed[at.lane]);
    case Match::rescale:
    case Match::none:
      break;
  }
  return Finding::passes;
}

bool Judge::meets(std::size_t constraint, const Lane& at) const {
  const Constraint& rule = plan_->constraints[constraint];
  if (rule.active[at.trial.address.year_index] == 0) return true;
  double previous = std::numeric_limits<double>::quiet_NaN();
  if (rule.relative_to == RelativeTo::previous_year) {
    const std::vector<double>& known = at.trial.trajectory->previous;
    if (!known.empty()) previous = known[constraint];
    if (std::isnan(previous)) return true;
  }
  Finding result = finding(rule, at, previous);
  if (result == Finding::unclear) {
    sum_precisely(at);
    result = finding(rule, at, previous);
  }
  return result == Finding::passes;
}

/// Outside of them candidates are not thinned to their law.
bool Judge::meets_tilt_windows(const Lane& at) const {
  for (std::size_t i = 0; i < plan_->constraints.size(); ++i) {
    if (is_tilt_window(plan_->constraints[i]) && !meets(i, at)) return false;
  }
  return true;
}

Judge::Finding Judge::finding(const Constraint& rule, const Lane& at, double previous) const {
  const std::uint32_t year = at.trial.address.year_index;
  if (!rule.centre.empty() && !at.is_precise()) return Finding::unclear;
  const Screened value = compared(rule, at.candidate(), known(rule.statistic, at), previous);
  if (rule.has_ceiling()) {
    const double u = ceiling_uniform(rule, inputs_->draws(), at.trial.address);
    return compare(value, -infinity, ceiling_at(rule, year, u));
  }
  if (!rule.is_soft()) return compare(value, rule.lower[year], rule.upper[year]);
  const double z = (value.value - rule.centre[year]) / rule.spread[year];
  return inputs_->draws().uniform(Stream::soft, at.trial.address, rule.address) <
                 kernels::exponential(-0.5 * z * z)
             ? Finding::passes
             : Finding::rejects;
}

}  // namespace flopsieve::engine
