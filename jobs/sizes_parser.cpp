#include "jobs/sizes_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "engine/parameters.hpp"
#include "jobs/constraint_parser.hpp"
#include "jobs/empirical_kernel.hpp"
#include "jobs/named.hpp"
#include "jobs/parameter_parser.hpp"
#include "jobs/trend.hpp"
#include "jobs/trend_parser.hpp"
#include "kernels/allocation.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Distribution;
using engine::ParameterInfo;
using engine::Reference;
using engine::SizeFamily;
using kernels::Law;

/// Skewness priors from the calibration stop here: near the limit of the skew-normal law
/// (kernels/skew_normal.hpp) its shape changes without bound for little skewness.
constexpr double largest_prior_skewness = 0.95;

/// A power law's exponent times its range stays below this: kernels/size_laws.hpp.
constexpr double steepest_power_law = 300.0;

constexpr SizeFamily families[] = {SizeFamily::normal,           SizeFamily::skew_normal,
                                   SizeFamily::truncated_normal, SizeFamily::uniform,
                                   SizeFamily::mixture,          SizeFamily::student_t,
                                   SizeFamily::empirical,        SizeFamily::grid,
                                   SizeFamily::power_law,        SizeFamily::allocation};

/// Whether the parameters of a law are the moments of its sizes, which the past shows.
bool given_by_moments(SizeFamily family) {
  return family == SizeFamily::normal || family == SizeFamily::skew_normal ||
         family == SizeFamily::empirical;
}

Distribution from_state(Reference reference) {
  Distribution result = distribution_of(Law::constant, 0.0);
  result.arguments[0] = {0.0, 1.0, reference};
  return result;
}

/// Reads the law of sizes into a Plan.
class SizesParser {
 public:
  SizesParser(TableReader& table, const Calibration& calibration, StateSource& state,
              engine::Plan& plan)
      : table_(table),
        calibration_(calibration),
        state_(state),
        years_(plan.years),
        sizes_(plan.sizes) {}

  void parse() {
    sizes_.family = parse_named(table_, "sizes", families);
    if (sizes_.family == SizeFamily::skew_normal && has_direct_parameters()) {
      sizes_.family = SizeFamily::skew_normal_direct;
    }
    if (sizes_.family == SizeFamily::normal && table_.has("skewness")) {
      table_.fail_at("skewness", "models.skewness needs sizes = \"skew_normal\"");
    }
    const auto infos = engine::parameters_of(sizes_.family);
    for (const ParameterInfo& info : infos) {
      sizes_.parameters.push_back(parse_parameter(table_, info, rules_of(info)));
    }
    parse_extras();
  }

 private:
  bool has_direct_parameters() const {
    return find_entry(table_.raw(), "location") != nullptr ||
           find_entry(table_.raw(), "scale") != nullptr ||
           find_entry(table_.raw(), "shape") != nullptr;
  }

  void parse_extras() {
    switch (sizes_.family) {
      case SizeFamily::mixture:
        return parse_components();
      case SizeFamily::empirical:
        return parse_kernel();
      case SizeFamily::allocation:
        return parse_bins();
      case SizeFamily::truncated_normal:
        return demand_order(2, 3);
      case SizeFamily::uniform:
      case SizeFamily::grid:
        return demand_order(0, 1);
      case SizeFamily::power_law:
        demand_order(1, 2);
        return demand_slope();
      default:
        return;
    }
  }

  InputRules rules_of(const ParameterInfo& info) {
    InputRules rules;
    rules.years = years_;
    rules.largest_flop = info.name == "largest_share";
    if (engine::has_location(sizes_.family) &&
        info.name == engine::parameters_of(sizes_.family)[0].name) {
      rules.references = references();
    }
    if (given_by_moments(sizes_.family)) {
      rules.sources = {{"calibration", [this, &info](int year) { return seen(info.name, year); }},
                       {"state_space", [this, &info](int) { return on_path(info.name); }}};
    }
    return rules;
  }

  /// What a location may depend on.
  std::vector<Reference> references() const {
    std::vector<Reference> result{Reference::count};
    for (const ParameterInfo& info : engine::parameters_of(sizes_.family)) {
      if (info.name == "sd") result.push_back(Reference::sd);
      if (info.name == "skewness") result.push_back(Reference::skewness);
    }
    result.insert(result.end(),
                  {Reference::state_mean, Reference::state_sd, Reference::state_skewness});
    return result;
  }

  /// A parameter of that name as the calibration years show it.
  Distribution seen(std::string_view name, int year) const {
    if (name == "mean") return seen_mean(year);
    if (name == "sd") {
      const auto [low, high] = calibration_range(calibration_, &CalibrationYear::sd);
      return distribution_of(Law::uniform, low, high);
    }
    const auto [low, high] = calibration_range(calibration_, &CalibrationYear::skewness);
    return distribution_of(Law::uniform, std::max(low, -largest_prior_skewness),
                           std::min(high, largest_prior_skewness));
  }

  /// From no growth of the mean since the last calibration year up to the trend of the calibration
  /// years plus two standard deviations of its residuals.
  Distribution seen_mean(int year) const {
    const YearlyFigure means =
        figure_of(calibration_, [](const CalibrationYear& each) { return each.mean; });
    const engine::TrendFit fit = fit_trend(means.years, means.values);
    return distribution_of(Law::uniform, means.values.back(),
                           trend_at(fit, year) + 2.0 * std::sqrt(fit.residual_variance));
  }

  /// A parameter of that name on the path of the state space: the mean about it as the observed
  /// means are about their levels.
  Distribution on_path(std::string_view name) {
    if (name == "sd") return from_state(Reference::state_sd);
    if (name == "skewness") return from_state(Reference::state_skewness);
    Distribution mean = from_state(Reference::state_mean);
    mean.law = Law::normal;
    mean.arguments[1].value = state_.space().fitted_mean_sd;
    return mean;
  }

  void parse_components() {
    const Value& weights = component_array("weights");
    const Value& means = component_array("means");
    const Value& sds = component_array("sds");
    const std::size_t size = weights.elements.size();
    if (size < 2 || size > engine::most_components || means.elements.size() != size ||
        sds.elements.size() != size) {
      table_.fail(weights, fmt::format("models.weights, means and sds must have the same 2 to {} "
                                       "entries",
                                       engine::most_components));
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      const auto infos = engine::parameters_of_component(i);
      const auto component = [&](const Value& array, const char* key, const ParameterInfo& info) {
        InputRules rules;
        rules.years = years_;
        return parse_parameter(table_, array.elements[i],
                               fmt::format("{}[{}]", table_.name_of(key), i + 1), info, rules);
      };
      sizes_.components.push_back({component(weights, "weights", infos[0]),
                                   component(means, "means", infos[1]),
                                   component(sds, "sds", infos[2])});
    }
    demand_weight(weights);
  }

  const Value& component_array(const char* key) {
    const Value& value = table_.value(key);
    if (value.kind == ValueKind::array) return value;
    table_.fail(value, fmt::format("{} must be an array with an entry for each component",
                                   table_.name_of(key)));
  }

  void demand_weight(const Value& weights) const {
    for (std::size_t year = 0; year < years_.size(); ++year) {
      if (std::any_of(sizes_.components.begin(), sizes_.components.end(), [&](const auto& each) {
            return support(each.weight.years[year]).upper > 0;
          })) {
        continue;
      }
      table_.fail(weights, fmt::format("models.weights are all 0 in {}", years_[year]));
    }
  }

  void parse_kernel() {
    const Value* value = table_.optional_value("kernel");
    if (value == nullptr || value->kind == ValueKind::string) {
      if (value != nullptr && value->text != "calibration") {
        table_.fail(*value, fmt::format("models.kernel must be \"calibration\" or a table, found "
                                        "\"{}\"",
                                        value->text));
      }
      sizes_.kernel = calibration_kernel(calibration_);
      return;
    }
    TableReader table(*value, "models.kernel");
    std::vector<double> centres = table.numbers("centres");
    const std::vector<double> weights = table.numbers("weights");
    const double bandwidth = positive_number(table, "bandwidth");
    table.finish();
    const bool positive =
        std::all_of(weights.begin(), weights.end(), [](double each) { return each > 0.0; });
    if (centres.empty() || centres.size() != weights.size() || !positive) {
      table.fail("models.kernel needs as many positive weights as centres");
    }
    sizes_.kernel = kernel_points(std::move(centres), weights, bandwidth);
  }

  void parse_bins() {
    const std::int64_t bins = table_.integer("bins", 19);
    if (bins < 1 || bins > kernels::most_allocation_bins) {
      table_.fail_at("bins", fmt::format("models.bins must be from 1 to {}, found {}",
                                         kernels::most_allocation_bins, bins));
    }
    sizes_.bins = static_cast<std::uint32_t>(bins);
  }

  /// Whatever is drawn, one parameter stays below the other.
  void demand_order(std::size_t low, std::size_t high) const {
    const auto infos = engine::parameters_of(sizes_.family);
    for (std::size_t year = 0; year < years_.size(); ++year) {
      const double least = support(sizes_.parameters[high].years[year]).lower;
      const double most = support(sizes_.parameters[low].years[year]).upper;
      if (most < least) continue;
      table_.fail_at(infos[low].name,
                     fmt::format("models.{} must stay below models.{}: in {} it reaches up to {}, "
                                 "and models.{} down to {}",
                                 infos[low].name, infos[high].name, years_[year], most,
                                 infos[high].name, least));
    }
  }

  void demand_slope() const {
    for (std::size_t year = 0; year < years_.size(); ++year) {
      const Support gradient = support(sizes_.parameters[0].years[year]);
      const double range = support(sizes_.parameters[2].years[year]).upper -
                           support(sizes_.parameters[1].years[year]).lower;
      const double slope = std::max(std::abs(gradient.lower - 1.0), std::abs(gradient.upper - 1.0));
      if (slope * range <= steepest_power_law) continue;
      table_.fail_at("gradient", fmt::format("models.gradient is too far from 1 for sizes over {} "
                                             "orders of magnitude; the product of the two must be "
                                             "at most {}",
                                             range, steepest_power_law));
    }
  }

  TableReader& table_;
  const Calibration& calibration_;
  StateSource& state_;
  const std::vector<int>& years_;
  engine::Sizes& sizes_;
};

}  // namespace

void parse_sizes(TableReader& models, const Calibration& calibration, StateSource& state,
                 engine::Plan& plan) {
  SizesParser(models, calibration, state, plan).parse();
}

}  // namespace flopsieve::jobs
