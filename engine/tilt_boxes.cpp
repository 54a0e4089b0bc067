#include "engine/tilt_boxes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "engine/error.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

/// Boxes where candidates draw one of mean and sd, and where they draw both: more of them cost more
/// time than they save.
constexpr std::size_t boxes_of_one = 32;
constexpr std::size_t boxes_of_two = 256;

/// So many times as many where the weight of one would be in the way of all others.
constexpr std::size_t more_boxes = 4;

/// ln of 1000 candidates for one.
constexpr double hopeless = 6.9;

/// Narrower boxes are not halved.
constexpr double narrowest = 1e-6;

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_range(const Stratum& stratum) {
  return stratum.low < stratum.high;
}

/// By how much the logarithm of the density of a likely size varies with the mean, or the sd.
std::array<double, 2> widths(const TiltStrata& strata) {
  const auto& [mean, sd] = strata;
  return {is_range(mean) ? (mean.high - mean.low) / sd.high : 0.0,
          is_range(sd) ? kernels::natural_log(sd.high / sd.low) : 0.0};
}

double log_width(const TiltStrata& strata) {
  const auto [mean, sd] = widths(strata);
  const double width = std::max(mean, sd);
  return width > narrowest ? kernels::natural_log(width) : -infinity;
}

/// ln of a bound of P(box and window).
double log_share(const TiltBox& box) {
  return std::min(box.log_prior, box.log_weight);
}

double largest_share(const std::vector<TiltBox>& boxes) {
  double largest = -infinity;
  for (const TiltBox& each : boxes) largest = std::max(largest, log_share(each));
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
  const TiltStrata whole{(*priors_)[0].whole(), (*priors_)[1].whole()};
  const std::size_t most = is_range(whole[0]) && is_range(whole[1]) ? boxes_of_two : boxes_of_one;
  std::vector<TiltBox> boxes{box_of(whole, {})};
  while (boxes.size() < most / 2) {
    const std::size_t place = first_of(boxes, log_share);
    if (place == boxes.size()) return boxes;
    halve(boxes, place, -infinity);
  }
  const double largest = largest_share(boxes);
  const double least_prior = largest - farthest_weight;
  std::erase_if(boxes, [=](const TiltBox& each) { return each.log_prior < least_prior; });
  while (boxes.size() < most * more_boxes) {
    const std::size_t place = first_of(boxes, [](const TiltBox& each) { return each.log_weight; });
    if (place == boxes.size()) break;
    const bool is_in_the_way = boxes[place].log_weight > largest;
    if (boxes.size() >= most && !is_in_the_way) break;
    halve(boxes, place, least_prior);
  }
  for (const TiltBox& each : boxes) {
    if (each.log_weight < largest + hopeless) continue;
    throw Error(
        ExitCode::budget,
        fmt::format("the laws of mean and sd are too wide to tilt to the total: a mean from "
                    "{:.4g} to {:.4g} with an sd from {:.3g} to {:.3g} stands in the way; "
                    "give them bounds",
                    each.strata[0].low, each.strata[0].high, each.strata[1].low,
                    each.strata[1].high));
  }
  return boxes;
}

/// Puts the halves of a box in its place, but for those with a smaller prior probability. A box
/// that rounding does not let halve stays, and is never worth it again.
void TiltBoxes::halve(std::vector<TiltBox>& boxes, std::size_t place, double least_prior) const {
  const auto [mean, sd] = widths(boxes[place].strata);
  const std::size_t wide = mean > sd ? 0 : 1;
  const Stratum whole = boxes[place].strata[wide];
  const std::array<Stratum, 2> halves = (*priors_)[wide].halves(whole);
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

TiltBox TiltBoxes::box_of(const TiltStrata& strata, TiltSteps steps) const {
  TiltRange range{*inputs_, *inputs_};
  double probability = 1.0;
  for (std::size_t i = 0; i < strata.size(); ++i) {
    range.low.parameters[i] = strata[i].low;
    range.high.parameters[i] = strata[i].high;
    probability *= strata[i].probability();
  }
  const Tilt tilt = tilt_of(*plan_, range, *windows_, *log_moment_, steps);
  const double log_prior = kernels::natural_log(probability);
  const double log_weight = log_prior + (*log_moment_)(tilt.log_constant()) - tilt.log_edge;
  return {strata, tilt, log_prior, log_weight, log_width(strata), std::move(steps)};
}

}  // namespace flopsieve::engine
