#include "engine/tilt_boxes.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

/// Boxes by how many parameters candidates draw: more of them cost more time than they save.
constexpr std::array<std::size_t, 4> boxes_for = {1, 32, 256, 1024};

/// So many times as many where the weight of one would be in the way of all others.
constexpr std::size_t more_boxes = 4;
constexpr std::size_t most_boxes = 1024;

/// Narrower boxes are not halved.
constexpr double narrowest = 1e-6;

constexpr double infinity = std::numeric_limits<double>::infinity();

double largest_share(const std::vector<TiltBox>& boxes) {
  double largest = -infinity;
  for (const TiltBox& each : boxes) largest = std::max(largest, each.log_share());
  return largest;
}

/// Where halving is worth most; the end where it is worth nothing.
template <class Value>
std::size_t first_of(const std::vector<TiltBox>& boxes, const Value& log_value) {
  std::size_t first = boxes.size();
  double most = -infinity;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const double worth = log_value(boxes[i]) + boxes[i].log_width;
    if (worth > most) {
      most = worth;
      first = i;
    }
  }
  return first;
}

}  // namespace

TiltBoxes::TiltBoxes(const Plan& plan, const CandidateInputs& inputs, const TiltPriors& priors,
                     const std::vector<TiltWindow>& windows, const LogMoment& log_moment)
    : plan_(&plan),
      inputs_(&inputs),
      priors_(&priors),
      windows_(&windows),
      log_moment_(&log_moment) {}

/// Boxes in the tails of the priors may have huge weights, and no share that matters. So shares
/// decide on the first half of the boxes, weights on the other.
std::vector<TiltBox> TiltBoxes::make() const {
  TiltStrata whole;
  for (const TiltDrawn& each : *priors_) whole.push_back(each.prior.whole());
  const std::size_t most = boxes_for[std::min(whole.size(), boxes_for.size() - 1)];
  std::vector<TiltBox> boxes{box_of(whole, {})};
  while (boxes.size() < most / 2) {
    const std::size_t place = first_of(boxes, [](const TiltBox& each) { return each.log_share(); });
    if (place == boxes.size()) return boxes;
    halve(boxes, place, -infinity);
  }
  const double largest = largest_share(boxes);
  const double least_prior = largest - farthest_weight;
  std::erase_if(boxes, [=](const TiltBox& each) { return each.log_prior < least_prior; });
  while (boxes.size() < std::min(most * more_boxes, most_boxes)) {
    const std::size_t place = first_of(boxes, [](const TiltBox& each) { return each.log_weight; });
    if (place == boxes.size()) break;
    const bool is_in_the_way = boxes[place].log_weight > largest;
    if (boxes.size() >= most && !is_in_the_way) break;
    halve(boxes, place, least_prior);
  }
  return boxes;
}

/// Puts the halves of a box in its place, but for those with a smaller prior probability. A box
/// that rounding does not let halve stays, and is never worth it again.
void TiltBoxes::halve(std::vector<TiltBox>& boxes, std::size_t place, double least_prior) const {
  const std::size_t wide = boxes[place].widest;
  const Stratum whole = boxes[place].strata[wide];
  const std::array<Stratum, 2> halves = (*priors_)[wide].prior.halves(whole);
  for (const Stratum& half : halves) {
    if (half.probability() == 0.0 || half.low != whole.low || half.high != whole.high) continue;
    boxes[place].log_width = -infinity;
    return;
  }
  const TiltBox box = std::move(boxes[place]);
  boxes[place] = std::move(boxes.back());
  boxes.pop_back();
  for (const Stratum& half : halves) {
    TiltStrata strata = box.strata;
    strata[wide] = half;
    if (half.probability() == 0.0) continue;
    TiltBox found = box_of(strata, box.steps);
    if (found.log_prior >= least_prior) boxes.push_back(std::move(found));
  }
}

TiltBox TiltBoxes::box_of(TiltStrata strata, TiltSteps steps) const {
  const Sizes& sizes = plan_->sizes;
  TiltRange range{*inputs_, *inputs_};
  TiltBox box;
  double probability = 1.0;
  for (std::size_t i = 0; i < strata.size(); ++i) {
    const std::size_t parameter = (*priors_)[i].index;
    size_parameter(sizes, range.low, parameter) = strata[i].low;
    size_parameter(sizes, range.high, parameter) = strata[i].high;
    probability *= strata[i].probability();
  }
  box.tilt = tilt_of(*plan_, range, *windows_, *log_moment_, steps);
  const double log_probability = kernels::natural_log(probability);
  box.log_prior = log_probability + (*log_moment_)(0.0);
  box.log_weight = log_probability + (*log_moment_)(box.tilt.log_constant()) - box.tilt.log_edge;
  const TiltBase& base = box.tilt.table->base();
  double width = narrowest;
  box.log_width = -infinity;
  for (std::size_t i = 0; i < strata.size(); ++i) {
    const double variation = base.variation((*priors_)[i].index);
    if (variation <= width) continue;
    width = variation;
    box.log_width = kernels::natural_log(width);
    box.widest = i;
  }
  box.strata = std::move(strata);
  box.steps = std::move(steps);
  return box;
}

}  // namespace flopsieve::engine
