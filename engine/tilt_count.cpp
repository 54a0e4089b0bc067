#include "engine/tilt_count.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "kernels/math.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr auto most_count = static_cast<std::uint32_t>(largest_count);

/// What is less than this, in units of the largest term, does not matter.
constexpr double least_term = 6e-19;

/// Beyond any probability that a double can hold.
constexpr double least_log = -700.0;

/// P(low < X <= high), with digits in both tails where the law has them.
double probability(const Distribution& distribution, double low, double high) {
  const double from = std::max(low, distribution.lower);
  const double to = std::min(high, distribution.upper);
  if (!(from < to)) return 0.0;
  const kernels::Parameters p{distribution.arguments[0].value, distribution.arguments[1].value,
                              distribution.arguments[2].value};
  if (distribution.law == kernels::Law::normal) {
    return kernels::normal_between((from - p.a) / p.b, (to - p.a) / p.b);
  }
  return kernels::cumulative(distribution.law, p, to) -
         kernels::cumulative(distribution.law, p, from);
}

}  // namespace

TiltCount::TiltCount(std::uint32_t count) : first_(count), log_prior_{0.0} {
  groups_.push_back({count, count});
  log_priors_.push_back(0.0);
}

TiltCount::TiltCount(const Count& count, std::uint32_t year_index,
                     const std::array<double, 2>& parameters) {
  if (count.model == CountModel::poisson) {
    poisson_mean_ = parameters[0];
    set_by_ratios([&](std::uint32_t k) { return poisson_mean_ / (k + 1.0); });
  } else if (count.model == CountModel::negative_binomial) {
    const auto [mean, size] = parameters;
    const double odds = mean / (size + mean);
    set_by_ratios([size = size, odds](std::uint32_t k) { return (k + size) / (k + 1.0) * odds; });
    is_concave_ = size >= 1.0;
  } else {
    set_rounded(count.parameters[0].years[year_index]);
  }
  trim();
  normalise();
  cut();
}

/// Up to a factor, from the ratios of the probabilities of k + 1 and k, which fall below 1 for
/// good.
void TiltCount::set_by_ratios(const std::function<double(std::uint32_t)>& ratio) {
  double log_p = 0.0;
  double peak = 0.0;
  for (std::uint32_t k = 1; k <= most_count && log_p > peak + least_log; ++k) {
    log_prior_.push_back(log_p);
    log_p += kernels::natural_log(ratio(k));
    peak = std::max(peak, log_p);
  }
}

void TiltCount::set_rounded(const Distribution& distribution) {
  for (std::uint32_t k = 1; k <= most_count; ++k) {
    const double p = probability(distribution, k - 0.5, k + 0.5);
    log_prior_.push_back(p > 0.0 ? kernels::natural_log(p) : -infinity);
  }
  is_concave_ =
      distribution.law != kernels::Law::lognormal && distribution.law != kernels::Law::loguniform;
}

/// Leaves away what is not possible at both ends.
void TiltCount::trim() {
  const double peak = *std::max_element(log_prior_.begin(), log_prior_.end());
  const auto is_possible = [&](double each) { return each > peak + least_log; };
  const auto first = std::find_if(log_prior_.begin(), log_prior_.end(), is_possible);
  const auto last = std::find_if(log_prior_.rbegin(), log_prior_.rend(), is_possible).base();
  first_ = 1 + static_cast<std::uint32_t>(first - log_prior_.begin());
  log_prior_ = std::vector<double>(first, last);
}

void TiltCount::normalise() {
  const double peak = *std::max_element(log_prior_.begin(), log_prior_.end());
  double sum = 0.0;
  for (const double each : log_prior_) {
    if (each > peak + least_log) sum += kernels::exponential(each - peak);
  }
  const double log_sum = peak + kernels::natural_log(sum);
  for (double& each : log_prior_) each -= log_sum;
  if (!is_concave_) return;
  for (std::size_t i = 0; i + 1 < log_prior_.size(); ++i) {
    ratios_.push_back(kernels::exponential(log_prior_[i + 1] - log_prior_[i]));
  }
}

void TiltCount::cut() {
  const auto last = first_ + static_cast<std::uint32_t>(log_prior_.size()) - 1;
  for (std::uint32_t from = first_; from <= last;) {
    std::uint32_t to = last;
    if (!is_concave_) to = std::min(last, 2 * from - 1);
    groups_.push_back({from, to});
    from = to + 1;
    log_priors_.push_back(log_moment(groups_.size() - 1, 0.0));
  }
}

double TiltCount::log_tilted(std::uint32_t k, double log_constant) const {
  return log_prior_[k - first_] + k * log_constant;
}

std::uint32_t TiltCount::mode(const Group& group, double log_constant) const {
  std::uint32_t low = group.first;
  if (!is_concave_) {
    for (std::uint32_t k = group.first; k <= group.last; ++k) {
      if (log_tilted(k, log_constant) > log_tilted(low, log_constant)) low = k;
    }
    return low;
  }
  for (std::uint32_t high = group.last; low < high;) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (log_tilted(middle, log_constant) < log_tilted(middle + 1, log_constant)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// Terms of the part of a group that matters, in units of the largest. Neighbours differ by a
/// known ratio, which saves their exponentials.
TiltCount::Terms TiltCount::terms(const Group& group, double log_constant) const {
  const std::uint32_t top = mode(group, log_constant);
  Terms found{log_tilted(top, log_constant), top, {1.0}};
  if (!is_concave_) {
    found = {found.log_peak, group.first, {}};
    for (std::uint32_t k = group.first; k <= group.last; ++k) {
      const double log_term = log_tilted(k, log_constant) - found.log_peak;
      found.terms.push_back(log_term > least_log ? kernels::exponential(log_term) : 0.0);
    }
    return found;
  }
  if (group.first == group.last) return found;
  const double constant = kernels::exponential(log_constant);
  for (std::uint32_t k = top; k > group.first; --k) {
    const double term = found.terms.back() / (ratios_[k - 1 - first_] * constant);
    if (term < least_term) break;
    found.terms.push_back(term);
  }
  found.first = top + 1 - static_cast<std::uint32_t>(found.terms.size());
  std::reverse(found.terms.begin(), found.terms.end());
  for (std::uint32_t k = top; k < group.last; ++k) {
    const double term = found.terms.back() * ratios_[k - first_] * constant;
    if (term < least_term) break;
    found.terms.push_back(term);
  }
  return found;
}

double TiltCount::log_moment(std::size_t group, double log_constant) const {
  // Of k >= 1; numbers beyond largest_count do not matter while the tilted mean is this small.
  constexpr double largest_mean = 20'000.0;
  const double tilted = poisson_mean_ * kernels::exponential(std::min(log_constant, 700.0));
  if (poisson_mean_ > 0.0 && poisson_mean_ < largest_mean) {
    if (!(tilted < largest_mean)) return infinity;
    return tilted - poisson_mean_ + kernels::natural_log(-kernels::exponential_minus_one(-tilted)) -
           kernels::natural_log(-kernels::exponential_minus_one(-poisson_mean_));
  }
  const Group& all = groups_[group];
  if (all.first == all.last) return log_tilted(all.first, log_constant);
  const Terms found = terms(all, log_constant);
  return found.log_peak +
         kernels::natural_log(std::accumulate(found.terms.begin(), found.terms.end(), 0.0));
}

TiltCount::Table TiltCount::table(std::size_t group, double log_constant) const {
  Terms found = terms(groups_[group], log_constant);
  std::partial_sum(found.terms.begin(), found.terms.end(), found.terms.begin());
  const double sum = found.terms.back();
  for (double& each : found.terms) each /= sum;
  return {found.first, std::move(found.terms)};
}

bool is_free(const Input& input) {
  return input.scope == Scope::candidate && input.year_correlation == 0.0 &&
         std::none_of(input.years.begin(), input.years.end(),
                      [](const Distribution& each) { return each.refers(); });
}

bool is_held(const Input& input) {
  return input.scope == Scope::trajectory ||
         std::all_of(input.years.begin(), input.years.end(),
                     [](const Distribution& each) { return each.law == kernels::Law::constant; });
}

bool has_held_count(const Count& count) {
  switch (count.model) {
    case CountModel::poisson:
    case CountModel::negative_binomial:
      return false;
    default:
      return std::all_of(count.parameters.begin(), count.parameters.end(), is_held);
  }
}

std::string tilt_count_refusal(const Count& count) {
  if (has_held_count(count)) return {};
  if (count.model == CountModel::input) {
    if (is_free(count.parameters[0])) return {};
    return "a number of models that candidates draw must have no year_correlation and refer to "
           "nothing";
  }
  if (std::all_of(count.parameters.begin(), count.parameters.end(), is_held)) return {};
  return "the mean and the size of the number of models must be constants or have scope = "
         "\"trajectory\"";
}

}  // namespace flopsieve::engine
