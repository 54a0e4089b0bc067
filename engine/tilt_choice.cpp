#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "engine/parameters.hpp"
#include "engine/tilt_detail.hpp"
#include "engine/tilt_mix.hpp"
#include "kernels/math.hpp"

// Whether a job can be tilted, and by how much.

namespace flopsieve::engine {
namespace {

/// Strengths of the tilt: 0 and +-2^((step - 1) / 8 - 16). Up to 2^9 upwards, so that its
/// exponential is finite; downwards until the largest sizes are out of reach.
constexpr int strongest_up = 201;
constexpr int strongest_down = -321;

double strength_of(int step) {
  if (step == 0) return 0.0;
  const double size = kernels::power_of_two((std::abs(step) - 1) / 8.0 - 16.0);
  return step > 0 ? size : -size;
}

/// A law with the tables that were asked for.
class TiltFamily {
 public:
  explicit TiltFamily(std::shared_ptr<const TiltBase> base) : base_(std::move(base)) {}

  const TiltBase& base() const { return *base_; }

  std::shared_ptr<const TiltTable> table(int step) {
    std::shared_ptr<const TiltTable>& place = tables_[step];
    if (!place) place = std::make_shared<TiltTable>(base_, strength_of(step));
    return place;
  }

  /// The step with which the mean of m / largest m is nearest below `wanted`, or the first.
  int step_for(double wanted) {
    int low = strongest_down;
    int high = strongest_up;
    while (high - low > 1) {
      const int middle = low + (high - low) / 2;
      (mean(middle) <= wanted ? low : high) = middle;
    }
    return low;
  }

 private:
  double mean(int step) {
    const auto [place, is_new] = means_.try_emplace(step, 0.0);
    if (is_new) place->second = sums_of(*base_, strength_of(step)).mean;
    return place->second;
  }

  std::shared_ptr<const TiltBase> base_;
  std::map<int, std::shared_ptr<const TiltTable>> tables_;
  std::map<int, double> means_;
};

/// Laws of a thread, by all that decides on them. As many as fit into some 100 MiB at most, with
/// about fifteen tables each.
class TiltCache {
 public:
  using Key = std::vector<double>;

  template <class Make>
  TiltFamily& get(const Key& key, const Make& make) {
    auto place = families_.find(key);
    if (place != families_.end()) return place->second;
    if (families_.size() >= most_families) families_.clear();
    return families_.emplace(key, TiltFamily(make())).first->second;
  }

 private:
  static constexpr std::size_t most_families = 1024;
  std::map<Key, TiltFamily> families_;
};

TiltCache::Key key_of(const Sizes& sizes, const CandidateInputs& inputs, double upper_sd,
                      double log10_most) {
  TiltCache::Key key{static_cast<double>(sizes.family), upper_sd, log10_most};
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
constexpr double cuts_per_oom = 32.0;

bool is_constant(const Input& input) {
  return std::all_of(input.years.begin(), input.years.end(), [](const Distribution& each) {
    return each.law == kernels::Law::constant && each.arguments[0].reference == Reference::none;
  });
}

/// Drawn anew for each candidate, from a law that depends on nothing.
bool is_free(const Input& input) {
  return input.scope == Scope::candidate && input.year_correlation == 0.0 &&
         std::all_of(input.years.begin(), input.years.end(), [](const Distribution& each) {
           return std::all_of(each.arguments.begin(), each.arguments.end(),
                              [](const Argument& a) { return a.reference == Reference::none; });
         });
}

/// Whether it is the same for all attempts of a trajectory and year.
bool is_held(const Input& input) {
  return input.scope == Scope::trajectory ||
         std::all_of(input.years.begin(), input.years.end(),
                     [](const Distribution& each) { return each.law == kernels::Law::constant; });
}

bool all_held(const std::vector<Input>& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), is_held);
}

bool has_tilted_family(SizeFamily family) {
  switch (family) {
    case SizeFamily::student_t:
    case SizeFamily::grid:
    case SizeFamily::allocation:
      return false;
    default:
      return true;
  }
}

/// Whether the law of sizes is one that tables can hold: all of it constant but an sd.
bool has_tilted_sizes(const Plan& plan) {
  const Sizes& sizes = plan.sizes;
  for (std::size_t i = 0; i < sizes.parameters.size(); ++i) {
    const bool may_be_random = i == 1 && has_random_sd(plan);
    if (may_be_random ? !is_free(sizes.parameters[i]) : !is_constant(sizes.parameters[i])) {
      return false;
    }
  }
  return std::all_of(sizes.components.begin(), sizes.components.end(), [](const auto& each) {
    return is_constant(each.weight) && is_constant(each.mean) && is_constant(each.sd);
  });
}

bool has_tilted_count(const Count& count) {
  if (count.model == CountModel::negative_binomial) return false;
  if (count.model != CountModel::poisson) return all_held(count.parameters);
  return is_constant(count.parameters[0]) &&
         std::all_of(count.parameters[0].years.begin(), count.parameters[0].years.end(),
                     [](const Distribution& each) {
                       return each.arguments[0].value > 0.0 &&
                              each.arguments[0].value <= largest_tilted_mean;
                     });
}

}  // namespace

std::string tilt_refusal(const Plan& plan) {
  if (plan.matching.match != Match::reject) return "it needs match = \"reject\"";
  if (!has_tilted_family(plan.sizes.family)) {
    return fmt::format("sizes = \"{}\" cannot be tilted", name(plan.sizes.family));
  }
  if (!has_tilted_sizes(plan)) {
    return "the parameters of the law of sizes must be constants in every year; the sd of a normal "
           "or truncated normal law may be drawn for each candidate";
  }
  if (plan.total.model == TotalModel::implied || !all_held(plan.total.parameters)) {
    return "the total must be the same for all attempts: give its parameters scope = "
           "\"trajectory\" or constants";
  }
  if (!has_tilted_count(plan.count)) {
    return fmt::format(
        "the number of models must be a constant, of scope = \"trajectory\", a trend, "
        "or Poisson with a constant mean up to {}",
        largest_tilted_mean);
  }
  if (plan.attempts == 1) {
    return "with attempts = 1 years would be selected by more than their probability; raise "
           "attempts";
  }
  return {};
}

Tilt tilt_of(const Plan& plan, const CandidateInputs& inputs, double upper_sd, double count) {
  thread_local TiltCache cache;
  const double tolerance = plan.matching.tolerance;
  const double log10_most = inputs.log10_total + kernels::decimal_log(1.0 + tolerance);
  const Sizes& sizes = plan.sizes;
  // Laws that end below the window have one table for all totals.
  const double cut = std::ceil(log10_most * cuts_per_oom) / cuts_per_oom;
  const TiltCache::Key whole_key = key_of(sizes, inputs, upper_sd, 0.0);
  TiltFamily* family = &cache.get(whole_key, [&] {
    return std::make_shared<TiltBase>(sizes, inputs, upper_sd,
                                      std::numeric_limits<double>::infinity());
  });
  const Frame whole = family->base().frame();
  if (cut < whole.location + whole.scale) {
    family = &cache.get(key_of(sizes, inputs, upper_sd, cut),
                        [&] { return std::make_shared<TiltBase>(sizes, inputs, upper_sd, cut); });
  }
  const Frame frame = family->base().frame();
  const double log10_largest = frame.location + frame.scale;
  const double total = kernels::power_of_ten(inputs.log10_total - log10_largest);
  const int step = plan.sampling.method == Method::tilt ? family->step_for(total / count) : 0;
  const double strength = strength_of(step);
  const double edge = total * (strength > 0.0 ? 1.0 - tolerance : 1.0 + tolerance);
  return {family->table(step), strength * edge};
}

}  // namespace flopsieve::engine
