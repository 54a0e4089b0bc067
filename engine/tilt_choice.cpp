#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "engine/tilt.hpp"
#include "engine/tilt_cache.hpp"
#include "kernels/math.hpp"

// By how much a job is tilted.

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

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

TiltCache::Key key_of(const Sizes& sizes, const TiltRange& range, double log10_most) {
  TiltCache::Key key{log10_most, static_cast<double>(sizes.family)};
  for (const CandidateInputs* inputs : {&range.low, &range.high}) {
    key.insert(key.end(), inputs->parameters.begin(), inputs->parameters.end());
    for (std::size_t i = 0; i < sizes.components.size(); ++i) {
      const CandidateInputs::Component& c = inputs->components[i];
      key.insert(key.end(), {c.weight, c.mean, c.sd});
    }
  }
  const KernelPoints& kernel = sizes.kernel;
  key.insert(key.end(), {kernel.bandwidth, kernel.mean, kernel.sd});
  key.insert(key.end(), kernel.centres.begin(), kernel.centres.end());
  key.insert(key.end(), kernel.cumulative_weights.begin(), kernel.cumulative_weights.end());
  return key;
}

/// Cuts laws at a few places only, so that trajectories share their tables.
constexpr double cuts_per_oom = 16.0;

/// Ends of windows are moved outwards to a grid, so that totals share their tables.
constexpr double ends_per_oom = 64.0;

/// Often enough for strengths that hang on each other; nearness decides the speed alone.
constexpr int most_rounds = 4;

/// The window of the total.
struct TotalWindow {
  double log10_total;
  double tolerance;
};

/// The tilt of a law for which ln of exp(-edges) E[C^k], which is convex in the strengths, is
/// least: no window can have a larger probability than that.
class TiltSearch {
 public:
  TiltSearch(TiltFamily& family, const std::vector<TiltWindow>& windows, const TotalWindow& total,
             const LogMoment& log_moment)
      : family_(&family),
        windows_(&windows),
        tolerance_(total.tolerance),
        location_(family.base().frame().location),
        total_(kernels::power_of_ten(total.log10_total - family.base().log10_largest())),
        log_moment_(&log_moment) {}

  Tilt tilt(const TiltSteps& steps) const {
    const Further further = further_of(steps);
    return {family_->with(further.terms).at(strength_of(steps.total)),
            total_edge(steps.total) + further.log_edge, further.log_edge_per_model};
  }

  void find(TiltSteps& steps) const {
    steps.windows.resize(windows_->size());
    steps.total = find_total(steps).total;
    for (int round = 0; round < most_rounds && !windows_->empty(); ++round) {
      const TiltSteps before = steps;
      for (std::size_t i = 0; i < windows_->size(); ++i) {
        std::map<int, Found> known;
        const auto found = [&](int at) {
          const auto [place, is_new] = known.try_emplace(at);
          if (is_new) {
            TiltSteps tried = steps;
            tried.windows[i] = at;
            place->second = find_total(tried);
          }
          return place->second;
        };
        const int best = least_step(steps.windows[i], [&](int at) { return found(at).value; });
        steps.total = found(best).total;
        steps.windows[i] = best;
      }
      if (steps == before) break;
    }
  }

 private:
  /// What the windows other than that of the total make of a tilt.
  struct Further {
    std::vector<TiltTerm> terms;
    double log_edge = 0.0;
    double log_edge_per_model = 0.0;
  };

  Further further_of(const TiltSteps& steps) const {
    Further further;
    for (std::size_t i = 0; i < windows_->size(); ++i) {
      const double strength = strength_of(steps.windows[i]);
      if (strength == 0.0) continue;
      const TiltWindow& window = (*windows_)[i];
      const TiltTerm term = term_of(window, strength);
      further.terms.push_back(term);
      const double edge = strength * edge_of(window, strength > 0.0);
      (window.per_model ? further.log_edge_per_model : further.log_edge) += edge;
    }
    return further;
  }

  /// A sum that must be large may have parts that are not in the window, one that must be small may
  /// lack some.
  static TiltTerm term_of(const TiltWindow& window, double strength) {
    const auto down = [](double x) { return std::floor(x * ends_per_oom) / ends_per_oom; };
    const auto up = [](double x) { return std::ceil(x * ends_per_oom) / ends_per_oom; };
    if (strength > 0.0) return {window.sum, down(window.from), up(window.below), strength};
    return {window.sum, up(window.from), down(window.below), strength};
  }

  /// In the unit of the term.
  double edge_of(const TiltWindow& window, bool low) const {
    const double edge = low ? window.low : window.high;
    if (window.sum == TiltSum::log10_flop) return edge - location_;
    return window.sum == TiltSum::flop ? edge * total_ : edge;
  }

  double total_edge(int step) const {
    const double strength = strength_of(step);
    return strength * total_ * (strength > 0.0 ? 1.0 - tolerance_ : 1.0 + tolerance_);
  }

  /// The best step of the total for the others, and how good it is.
  struct Found {
    int total = 0;
    double value = 0.0;
  };

  Found find_total(const TiltSteps& steps) const {
    const Further further = further_of(steps);
    const double edges = further.log_edge + further.log_edge_per_model;
    if (!std::isfinite(edges)) return {steps.total, infinity};  // a bound that is none
    TiltTables& tables = family_->with(further.terms);
    const auto value = [&](int at) {
      const double log_constant =
          tables.at(strength_of(at))->log_constant() - further.log_edge_per_model;
      return (*log_moment_)(log_constant)-further.log_edge - total_edge(at);
    };
    const int start = std::isfinite(value(steps.total)) ? steps.total : 0;
    const int best = least_step(start, value);
    return {best, value(best)};
  }

  TiltFamily* family_;
  const std::vector<TiltWindow>* windows_;
  double tolerance_;
  double location_;
  double total_;  ///< in units of the largest size
  const LogMoment* log_moment_;
};

}  // namespace

Tilt tilt_of(const Plan& plan, const TiltRange& range, const std::vector<TiltWindow>& windows,
             const LogMoment& log_moment, TiltSteps& steps) {
  thread_local TiltCache cache;
  cache.bound();
  const double log10_most =
      range.low.log10_total + kernels::decimal_log(1.0 + plan.matching.tolerance);
  const Sizes& sizes = plan.sizes;
  // Laws that end below the window have one table for all totals.
  const double cut = std::ceil(log10_most * cuts_per_oom) / cuts_per_oom;
  const TiltCache::Key whole_key = key_of(sizes, range, 0.0);
  TiltFamily* family =
      &cache.get(whole_key, [&] { return std::make_shared<TiltBase>(sizes, range, infinity); });
  const Frame whole = family->base().frame();
  if (cut < whole.location + whole.scale) {
    family = &cache.get(key_of(sizes, range, cut),
                        [&] { return std::make_shared<TiltBase>(sizes, range, cut); });
  }
  const TiltSearch search(*family, windows, {range.low.log10_total, plan.matching.tolerance},
                          log_moment);
  if (plan.sampling.method == Method::tilt) {
    search.find(steps);
  } else {
    steps = {0, std::vector<int>(windows.size())};
  }
  return search.tilt(steps);
}

}  // namespace flopsieve::engine
