#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "engine/parameters.hpp"
#include "engine/tilt_count.hpp"
#include "engine/tilt_mix.hpp"
#include "kernels/math.hpp"

// Whether a job can be tilted, and by how much.

namespace flopsieve::engine {
namespace {

/// Strengths of the tilt: 0 and +-2^((step - 1) / 4 - 16). Up to 2^9 upwards, so that its
/// exponential is finite; downwards until the largest sizes are out of reach.
constexpr int strongest_up = 101;
constexpr int strongest_down = -161;

double strength_of(int step) {
  if (step == 0) return 0.0;
  const double size = kernels::power_of_two((std::abs(step) - 1) / 4.0 - 16.0);
  return step > 0 ? size : -size;
}

/// Where a convex function of the step is least, from a start, by steps that double and then halve.
template <class Function>
int least_step(int start, const Function& value) {
  const auto falls = [&](int at) { return value(at + 1) < value(at); };
  int low = start;  // no place below it is better
  int high = start;
  for (int width = 1; low > strongest_down && !falls(low - 1); width *= 2) {
    high = low - 1;
    low = std::max(strongest_down, low - width);
  }
  if (high == start) {
    for (int width = 1; high < strongest_up && falls(high); width *= 2) {
      low = high + 1;
      high = std::min(strongest_up, high + width);
    }
  }
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (falls(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// A law with the tables that were asked for.
class TiltFamily {
 public:
  explicit TiltFamily(std::shared_ptr<const TiltBase> base) : base_(std::move(base)) {}

  const TiltBase& base() const { return *base_; }

  const std::shared_ptr<const TiltTable>& table(int step) {
    std::shared_ptr<const TiltTable>& place = tables_[step];
    if (!place) place = std::make_shared<TiltTable>(base_, strength_of(step));
    return place;
  }

  /// Bytes of the base and of all tables.
  std::size_t bytes() const {
    return (2 * kernels::cell_count + 1) * sizeof(double) + tables_.size() * TiltTable::bytes();
  }

 private:
  std::shared_ptr<const TiltBase> base_;
  std::map<int, std::shared_ptr<const TiltTable>> tables_;
};

/// Laws of a thread, by all that decides on them.
class TiltCache {
 public:
  using Key = std::vector<double>;

  template <class Make>
  TiltFamily& get(const Key& key, const Make& make) {
    auto place = families_.find(key);
    if (place == families_.end()) place = families_.emplace(key, TiltFamily(make())).first;
    return place->second;
  }

  /// Forgets everything if it has become too large; what is in use stays. Tables that were only
  /// weighed count in full.
  void bound() {
    if (++calls_ % calls_between != 0) return;
    std::size_t bytes = 0;
    for (const auto& [key, family] : families_) bytes += family.bytes();
    if (bytes > most_bytes) families_.clear();
  }

 private:
  static constexpr std::size_t most_bytes = std::size_t{256} << 20;
  static constexpr std::size_t calls_between = 256;
  std::map<Key, TiltFamily> families_;
  std::size_t calls_ = 0;
};

TiltCache::Key key_of(const Sizes& sizes, const TiltRange& range, double log10_most) {
  const CandidateInputs& inputs = range.low;
  TiltCache::Key key{range.high.parameters[0], range.high.parameters[1], log10_most,
                     static_cast<double>(sizes.family)};
  key.insert(key.end(), inputs.parameters.begin(), inputs.parameters.end());
  for (std::size_t i = 0; i < sizes.components.size(); ++i) {
    const CandidateInputs::Component& c = inputs.components[i];
    key.insert(key.end(), {c.weight, c.mean, c.sd});
  }
  const KernelPoints& kernel = sizes.kernel;
  key.insert(key.end(), {kernel.bandwidth, kernel.mean, kernel.sd});
  key.insert(key.end(), kernel.centres.begin(), kernel.centres.end());
  key.insert(key.end(), kernel.cumulative_weights.begin(), kernel.cumulative_weights.end());
  return key;
}

/// Cuts laws at a few places only, so that trajectories share their tables.
constexpr double cuts_per_oom = 16.0;

bool is_constant(const Input& input) {
  return std::all_of(input.years.begin(), input.years.end(), [](const Distribution& each) {
    return each.law == kernels::Law::constant && each.arguments[0].reference == Reference::none;
  });
}

bool all_held(const std::vector<Input>& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), is_held);
}

bool has_tilted_family(SizeFamily family) {
  switch (family) {
    case SizeFamily::student_t:
    case SizeFamily::allocation:
      return false;
    default:
      return true;
  }
}

/// Whether the law of sizes is one that tables can hold.
bool has_tilted_sizes(const Plan& plan) {
  const Sizes& sizes = plan.sizes;
  for (std::size_t i = 0; i < sizes.parameters.size(); ++i) {
    const bool fits = has_random_parameter(plan, i) ? is_free(sizes.parameters[i])
                                                    : is_constant(sizes.parameters[i]);
    if (!fits) return false;
  }
  return std::all_of(sizes.components.begin(), sizes.components.end(), [](const auto& each) {
    return is_constant(each.weight) && is_constant(each.mean) && is_constant(each.sd);
  });
}

/// A grid's points are the cells of its table.
bool fits_table(const Sizes& sizes) {
  if (sizes.family != SizeFamily::grid) return true;
  for (std::size_t year = 0; year < sizes.parameters[0].years.size(); ++year) {
    const auto value = [&](std::size_t i) {
      return sizes.parameters[i].years[year].arguments[0].value;
    };
    if ((value(1) - value(0)) / value(2) > static_cast<double>(kernels::cell_count) - 2.0) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string tilt_refusal(const Plan& plan) {
  if (plan.matching.match != Match::reject) return "it needs match = \"reject\"";
  if (!has_tilted_family(plan.sizes.family)) {
    return fmt::format("sizes = \"{}\" cannot be tilted", name(plan.sizes.family));
  }
  if (!has_tilted_sizes(plan)) {
    return "the parameters of the law of sizes must be constants in every year; the mean and "
           "the sd of a normal or truncated normal law may be drawn for each candidate";
  }
  if (plan.total.model == TotalModel::implied || !all_held(plan.total.parameters)) {
    return "the total must be the same for all attempts: give its parameters scope = "
           "\"trajectory\" or constants";
  }
  if (!fits_table(plan.sizes)) {
    return fmt::format("a grid of sizes may have {} points", kernels::cell_count - 1);
  }
  const std::string count = tilt_count_refusal(plan.count);
  if (!count.empty()) return count;
  if (plan.attempts == 1) {
    return "with attempts = 1 years would be selected by more than their probability; raise "
           "attempts";
  }
  return {};
}

Tilt tilt_of(const Plan& plan, const TiltRange& range, const LogMoment& log_moment, int& step) {
  thread_local TiltCache cache;
  cache.bound();
  const double tolerance = plan.matching.tolerance;
  const double log10_total = range.low.log10_total;
  const double log10_most = log10_total + kernels::decimal_log(1.0 + tolerance);
  const Sizes& sizes = plan.sizes;
  // Laws that end below the window have one table for all totals.
  const double cut = std::ceil(log10_most * cuts_per_oom) / cuts_per_oom;
  const TiltCache::Key whole_key = key_of(sizes, range, 0.0);
  TiltFamily* family = &cache.get(whole_key, [&] {
    return std::make_shared<TiltBase>(sizes, range, std::numeric_limits<double>::infinity());
  });
  const Frame whole = family->base().frame();
  if (cut < whole.location + whole.scale) {
    family = &cache.get(key_of(sizes, range, cut),
                        [&] { return std::make_shared<TiltBase>(sizes, range, cut); });
  }
  const Frame frame = family->base().frame();
  const double log10_largest = frame.location + frame.scale;
  const double total = kernels::power_of_ten(log10_total - log10_largest);
  const auto log_edge = [&](int at) {
    const double strength = strength_of(at);
    return strength * total * (strength > 0.0 ? 1.0 - tolerance : 1.0 + tolerance);
  };
  if (plan.sampling.method == Method::tilt) {
    step = least_step(
        step, [&](int at) { return log_moment(family->table(at)->log_constant()) - log_edge(at); });
  } else {
    step = 0;
  }
  return {family->table(step), log_edge(step)};
}

}  // namespace flopsieve::engine
