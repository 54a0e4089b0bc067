#include "jobs/scaling/proportions.hpp"

#include <algorithm>
#include <cmath>

namespace flopsieve::jobs {
namespace {

double doublings_from(double value, const Range& usual) {
  if (value < usual.from) return std::log2(usual.from / value);
  if (value > usual.to) return std::log2(value / usual.to);
  return 0.0;
}

}  // namespace

std::int64_t default_d_ff(std::int64_t d_model, bool gated) {
  return 4 * (gated ? (4 * d_model + 3) / 6 : d_model);
}

Range usual_head_size(std::int64_t d_model) {
  const auto width = static_cast<double>(d_model);
  return {std::min(64.0, width / 4.0), std::min(128.0, width / 2.0)};
}

double preferred_head_size(std::int64_t d_model) {
  return d_model > 1024 ? 128.0 : std::min(64.0, static_cast<double>(d_model) / 4.0);
}

Range usual_layers(std::int64_t d_model) {
  const auto width = static_cast<double>(d_model);
  const double useful = std::max(6.0, (std::log(width) - 5.039) / 0.0555);
  const double most = std::max(2.0, std::min(width / 16.0, useful));
  return {std::min(most, std::max(2.0, width / 640.0)), most};
}

double width_penalty(std::int64_t d_model, std::int64_t heads, std::int64_t head_size,
                     std::int64_t d_ff, bool gated) {
  const auto width = static_cast<double>(d_model);
  const auto inner = static_cast<double>(default_d_ff(d_model, gated));
  return doublings_from(static_cast<double>(d_ff), {inner, inner}) +
         doublings_from(static_cast<double>(head_size), usual_head_size(d_model)) +
         doublings_from(static_cast<double>(heads * head_size), {width, width});
}

double depth_penalty(std::int64_t d_model, std::int64_t layers) {
  return doublings_from(static_cast<double>(layers), usual_layers(d_model));
}

}  // namespace flopsieve::jobs
