#include "jobs/match_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "engine/parameters.hpp"
#include "jobs/input_ranges.hpp"
#include "jobs/named.hpp"
#include "jobs/parameter_parser.hpp"

namespace flopsieve::jobs {
namespace {

using engine::CountModel;
using engine::Distribution;
using engine::Match;
using engine::SizeFamily;
using kernels::Law;

constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr Match matches[] = {Match::reject, Match::shift, Match::last, Match::rescale, Match::none};

/// Reads the matching of the total into a Plan.
class MatchParser {
 public:
  MatchParser(TableReader& table, engine::Plan& plan)
      : table_(table), plan_(plan), matching_(plan.matching) {}

  void parse() {
    const bool allocated = plan_.sizes.family == engine::SizeFamily::allocation;
    const bool implied = plan_.total.model == engine::TotalModel::implied;
    if (allocated && implied) {
      table_.fail_at("sizes",
                     "sizes = \"allocation\" divides the year's total, so total.model "
                     "cannot be \"implied\"");
    }
    matching_.match = Match::none;
    if (!(allocated || implied) || table_.has("match")) {
      matching_.match = parse_named(table_, "match", matches);
    }
    demand_none(allocated, implied);
    parse_tolerance();
    if (matching_.match == Match::shift) solve_for_location();
    if (matching_.match == Match::last) check_last();
    if (engine::has_location(plan_.sizes.family)) check_location_prior();
  }

 private:
  void demand_none(bool allocated, bool implied) const {
    const bool none = matching_.match == Match::none;
    if (none == (allocated || implied)) return;
    table_.fail_at(
        "match", none ? "models.match = \"none\" needs sizes = \"allocation\" or total.model = "
                        "\"implied\"; other sizes do not add up to the total by themselves"
                 : allocated ? "models.match must be \"none\" with sizes = \"allocation\", which "
                               "divides the total"
                             : "models.match must be \"none\" with total.model = \"implied\": the "
                               "total is the sum of the sizes");
  }

  void parse_tolerance() {
    if (matching_.match == Match::reject || matching_.match == Match::last) {
      matching_.tolerance = positive_number(table_, "tolerance", 0.05);
      if (matching_.tolerance >= 1.0) {
        table_.fail_at("tolerance",
                       fmt::format("models.tolerance must be below 1, found {}: it is the largest "
                                   "relative error of the total, and at 1 no sum is too small",
                                   matching_.tolerance));
      }
    } else if (table_.has("tolerance")) {
      table_.fail_at("tolerance",
                     "models.tolerance belongs to match = \"reject\" and \"last\"; the others are "
                     "exact");
    }
  }

  std::string location_name() const {
    return table_.name_of(engine::parameters_of(plan_.sizes.family)[0].name);
  }

  [[noreturn]] void fail_at_location(const std::string& message) const {
    table_.fail_at(engine::parameters_of(plan_.sizes.family)[0].name, message);
  }

  void solve_for_location() {
    if (!engine::has_location(plan_.sizes.family)) {
      table_.fail_at(
          "match", fmt::format("match = \"shift\" needs a law of sizes that can be moved; sizes = "
                               "\"{}\" has fixed bounds",
                               engine::name(plan_.sizes.family)));
    }
    const engine::Input& location = plan_.sizes.parameters[0];
    if (location.scope == engine::Scope::trajectory || location.year_correlation > 0.0) {
      fail_at_location(
          fmt::format("{} must have scope \"candidate\" and no year_correlation with "
                      "match = \"shift\", which solves for it",
                      location_name()));
    }
    for (std::size_t year = 0; year < plan_.years.size(); ++year) {
      matching_.bound.push_back(largest_density(year));
    }
  }

  /// A bound on the prior density of the location over all candidates of a year.
  double largest_density(std::size_t year) const {
    const Distribution& prior = plan_.sizes.parameters[0].years[year];
    if (prior.law == Law::constant) {
      fail_at_location(
          fmt::format("match = \"shift\" needs a distribution for {}, whose density "
                      "weighs the solution",
                      location_name()));
    }
    const auto& arguments = prior.arguments;
    if (!depends_on_input(prior)) {
      return kernels::largest_density(prior.law,
                                      {arguments[0].value, arguments[1].value, arguments[2].value});
    }
    if (prior.lower > -infinity || prior.upper < infinity) {
      fail_at_location(
          fmt::format("with match = \"shift\" a {} that depends on another input "
                      "cannot have bounds",
                      location_name()));
    }
    return kernels::largest_density(Law::normal, {0.0, least_prior_sd(year), 0.0});
  }

  /// A normal prior of the location keeps a positive standard deviation, whatever it depends on.
  void check_location_prior() const {
    for (std::size_t year = 0; year < plan_.years.size(); ++year) {
      const Distribution& prior = plan_.sizes.parameters[0].years[year];
      if (prior.law != Law::constant && depends_on_input(prior)) least_prior_sd(year);
    }
  }

  double least_prior_sd(std::size_t year) const {
    const engine::Argument& sd = plan_.sizes.parameters[0].years[year].arguments[1];
    const Support range = reference_support(sd.reference, year);
    const double least = sd.value + std::min(times(sd, range.lower), times(sd, range.upper));
    if (least > 0.0) return least;
    if (sd.reference == engine::Reference::none) {
      fail_at_location(fmt::format("the standard deviation of {} must be positive, found {}",
                                   location_name(), sd.value));
    }
    fail_at_location(
        fmt::format("the standard deviation of {} can come arbitrarily near to 0, so "
                    "its density has no bound; bound the input that it depends on",
                    location_name()));
  }

  /// 0 for a factor of 0, whatever it is multiplied by.
  static double times(const engine::Argument& argument, double value) {
    return argument.times == 0.0 ? 0.0 : argument.times * value;
  }

  Support reference_support(engine::Reference reference, std::size_t year) const {
    switch (reference) {
      case engine::Reference::none:
        return {0.0, 0.0};
      case engine::Reference::count:
        return {1.0, engine::largest_count};
      case engine::Reference::sd:
        return parameter_support(1, year);
      case engine::Reference::skewness:
        return parameter_support(2, year);
      case engine::Reference::state_sd:
        return {0.0, infinity};
      case engine::Reference::state_skewness:
        return {-engine::skewness_limit, engine::skewness_limit};
      default:
        return {-infinity, infinity};
    }
  }

  /// Of a constant that follows the state space it is what the path can reach.
  Support parameter_support(std::size_t parameter, std::size_t year) const {
    const Distribution& distribution = plan_.sizes.parameters[parameter].years[year];
    const engine::Argument& first = distribution.arguments[0];
    if (distribution.law == Law::constant) {
      const Support path = reference_support(first.reference, year);
      return {first.value + first.times * path.lower, first.value + first.times * path.upper};
    }
    return support(distribution);
  }

  /// Sizes are drawn in single precision, which leaves its mark on a sum.
  static constexpr double least_tolerance_of_last = 1e-4;

  void check_last() {
    if (plan_.sizes.family == SizeFamily::grid) {
      table_.fail_at("match",
                     "match = \"last\" needs a law of sizes with a density; with sizes = \"grid\" "
                     "use \"reject\"");
    }
    if (matching_.tolerance < least_tolerance_of_last) {
      table_.fail_at(
          "tolerance",
          fmt::format("models.tolerance must be at least {} with match = \"last\", found "
                      "{}; match = \"shift\" is exact",
                      least_tolerance_of_last, matching_.tolerance));
    }
    bound_weights();
  }

  /// match = "last" weighs a candidate by its k: by the largest k of the year, unless all attempts
  /// of a trajectory and year have the same.
  void bound_weights() {
    for (std::size_t year = 0; year < plan_.years.size(); ++year) {
      matching_.bound.push_back(weight_bound(year));
      matching_.peak.push_back(peak_density(year));
    }
  }

  /// A bound on the density of a size per OOM over all candidates of a year; infinity where none is
  /// known, which only costs time.
  double peak_density(std::size_t year) const {
    constexpr double normal = 0.39895;  // 1 / sqrt(2 pi), the peak of Student's t too
    const engine::Sizes& sizes = plan_.sizes;
    switch (sizes.family) {
      case SizeFamily::normal:
      case SizeFamily::student_t:
        return over(normal, parameter_support(1, year).lower);
      case SizeFamily::skew_normal:  // sqrt(2 / pi) sqrt(1 - 2 / pi): the half-normal law
        return over(0.481, parameter_support(1, year).lower);
      case SizeFamily::skew_normal_direct:
        return over(2.0 * normal, parameter_support(1, year).lower);
      case SizeFamily::empirical:
        return over(normal * sizes.kernel.sd / sizes.kernel.bandwidth,
                    parameter_support(1, year).lower);
      case SizeFamily::mixture: {
        double least = infinity;
        for (const engine::MixtureInputs& component : sizes.components) {
          least = std::min(least, support(component.sd.years[year]).lower);
        }
        return over(normal, least);
      }
      case SizeFamily::uniform:
        return over(1.0, parameter_support(1, year).lower - parameter_support(0, year).upper);
      default:
        return infinity;
    }
  }

  static double over(double peak, double least_scale) {
    return least_scale > 0.0 ? peak / least_scale : infinity;
  }

  double weight_bound(std::size_t year) const {
    if (plan_.attempts > 1 && same_count_in_all_attempts(year)) return 0.0;
    const double most = count_range(plan_, year).upper;
    if (most < engine::largest_count) return most;
    table_.fail_at(
        "count",
        fmt::format("match = \"last\" keeps a candidate in proportion to its number of "
                    "models, so models.count must be bounded{}: give it an upper bound "
                    "below {:.0f}",
                    plan_.attempts > 1 ? "" : " where attempts = 1", engine::largest_count));
  }

  bool same_count_in_all_attempts(std::size_t year) const {
    switch (plan_.count.model) {
      case CountModel::exponential_trend:
      case CountModel::linear_trend:
      case CountModel::kinked_trend:
      case CountModel::state_space:
        return true;
      case CountModel::input:
        break;
      default:
        return false;
    }
    const engine::Input& count = plan_.count.parameters[0];
    return count.scope == engine::Scope::trajectory || count.years[year].law == Law::constant;
  }

  TableReader& table_;
  engine::Plan& plan_;
  engine::Matching& matching_;
};

}  // namespace

void parse_match(TableReader& models, engine::Plan& plan) {
  MatchParser(models, plan).parse();
}

}  // namespace flopsieve::jobs
