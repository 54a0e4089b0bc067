#include "jobs/models_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "jobs/constraint_parser.hpp"
#include "jobs/input_parser.hpp"
#include "jobs/trend.hpp"
#include "kernels/skew_normal.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Distribution;
using kernels::Law;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Skewness priors from the calibration stop here: near the limit of the skew-normal law
/// (kernels/skew_normal.hpp) its shape changes without bound for little skewness.
constexpr double largest_prior_skewness = 0.95;

Distribution uniform(double lower, double upper) {
  Distribution result = constant_input(0.0, 1).years[0];
  result.law = Law::uniform;
  result.arguments[0].value = lower;
  result.arguments[1].value = upper;
  return result;
}

/// Reads the keys of [models] into a Plan.
class ModelsParser {
 public:
  ModelsParser(const Calibration& calibration, engine::Plan& plan)
      : calibration_(calibration), plan_(plan), years_(plan.years) {}

  void parse(TableReader& table) {
    parse_count(table);
    parse_family(table);
    parse_sd(table);
    parse_skewness(table);
    parse_mean(table);
    parse_match(table);
    table.finish();
  }

 private:
  void parse_count(TableReader& table) {
    const Value& value = table.value("count");
    const Entry* poisson = find_entry(value, "poisson");
    const Entry* trend = find_entry(value, "exponential_trend");
    engine::Count& count = plan_.count;
    if (trend != nullptr) {
      count.model = engine::CountModel::exponential_trend;
      count.input = constant_input(0.0, years_.size());
      TableReader inner(value, "models.count");
      inner.has("exponential_trend");
      inner.finish();
      count.trend = parse_trend(inner, trend->value);
      return;
    }
    count.model = poisson != nullptr ? engine::CountModel::poisson : engine::CountModel::input;
    if (poisson != nullptr) {
      TableReader inner(value, "models.count");
      inner.has("poisson");
      inner.finish();
      count.input = parse_input(table, poisson->value, "models.count.poisson", rules());
    } else {
      count.input = parse_input(table, value, "models.count", rules());
    }
    for (const Distribution& year : count.input.years) {
      const Support range = support(year);
      const double least = poisson != nullptr ? 0.0 : 0.5;
      if (range.upper <= least || range.lower >= engine::largest_count + 0.5) {
        table.fail(value, fmt::format("models.count must allow a number of models from 1 to {:.0f}",
                                      engine::largest_count));
      }
    }
  }

  engine::TrendFit parse_trend(TableReader& table, const Value& value) {
    if (value.kind == ValueKind::string) {
      if (value.text != "calibration") {
        table.fail(value, "models.count.exponential_trend must be \"calibration\" or a table");
      }
      std::vector<double> years, logs;
      for (const CalibrationYear& year : calibration_.years) {
        years.push_back(year.year);
        logs.push_back(std::log(static_cast<double>(year.count)));
      }
      if (years.size() < 3) table.fail(value, "a trend needs at least 3 calibration years");
      return fit_trend(years, logs);
    }
    TableReader fit(value, "models.count.exponential_trend");
    engine::TrendFit trend;
    trend.centre = fit.number("centre");
    trend.intercept = fit.number("intercept");
    trend.slope = fit.number("slope");
    trend.residual_variance = fit.number("residual_variance");
    trend.intercept_factor = fit.number("intercept_factor");
    trend.slope_factor = fit.number("slope_factor");
    const std::int64_t freedom = fit.integer("degrees_of_freedom");
    fit.finish();
    if (freedom < 1 || freedom > 1000 || trend.residual_variance < 0.0) {
      fit.fail("the trend needs 1 to 1000 degrees_of_freedom and residual_variance >= 0");
    }
    trend.degrees_of_freedom = static_cast<std::uint32_t>(freedom);
    return trend;
  }

  void parse_family(TableReader& table) {
    const std::string family = table.string("sizes");
    if (family == "skew_normal") {
      plan_.sizes.family = engine::SizeFamily::skew_normal;
    } else if (family == "normal") {
      plan_.sizes.family = engine::SizeFamily::normal;
    } else {
      table.fail_at("sizes",
                    fmt::format("models.sizes must be \"normal\" or \"skew_normal\", found "
                                "\"{}\"",
                                family));
    }
  }

  void parse_sd(TableReader& table) {
    InputRules sd_rules = rules();
    sd_rules.from_calibration = [&](int) {
      const auto [low, high] = calibration_range(calibration_, &CalibrationYear::sd);
      return uniform(low, high);
    };
    const Value& value = table.value("sd");
    plan_.sizes.sd = parse_input(table, value, "models.sd", sd_rules);
    for (Distribution& year : plan_.sizes.sd.years) {
      constexpr double least = 1e-3;
      constexpr double most = 20.0;
      const Support range = support(year);
      if (range.upper < least || range.lower > most ||
          (year.law == Law::constant && range.lower < least)) {
        table.fail(value, fmt::format("models.sd must be from {} to {} OOM", least, most));
      }
      keep_inside(year, least, most);
      demand_mass(table, value, "models.sd", year);
    }
  }

  void parse_skewness(TableReader& table) {
    plan_.sizes.skewness = constant_input(0.0, years_.size());
    if (plan_.sizes.family == engine::SizeFamily::normal) {
      if (table.has("skewness")) {
        table.fail_at("skewness", "models.skewness needs sizes = \"skew_normal\"");
      }
      return;
    }
    InputRules skewness_rules = rules();
    skewness_rules.from_calibration = [&](int) {
      const auto [low, high] = calibration_range(calibration_, &CalibrationYear::skewness);
      return uniform(std::max(low, -largest_prior_skewness),
                     std::min(high, largest_prior_skewness));
    };
    const Value& value = table.value("skewness");
    plan_.sizes.skewness = parse_input(table, value, "models.skewness", skewness_rules);
    for (Distribution& year : plan_.sizes.skewness.years) {
      const double limit = kernels::skew_normal_limit - 1e-4;
      const Support range = support(year);
      if (range.upper < -limit || range.lower > limit ||
          (year.law != Law::normal && (range.lower < -limit || range.upper > limit))) {
        table.fail(value,
                   fmt::format("models.skewness must lie between -{0:.4f} and {0:.4f}, which "
                               "a skew-normal law cannot pass",
                               limit));
      }
      keep_inside(year, -limit, limit);
      demand_mass(table, value, "models.skewness", year);
    }
  }

  /// From no growth of the mean since the last calibration year up to the trend of the calibration
  /// years plus two standard deviations of its residuals.
  Distribution calibrated_mean(int year) const {
    std::vector<double> years, means;
    for (const CalibrationYear& each : calibration_.years) {
      years.push_back(each.year);
      means.push_back(each.mean);
    }
    const engine::TrendFit fit = fit_trend(years, means);
    return uniform(means.back(), trend_at(fit, year) + 2.0 * std::sqrt(fit.residual_variance));
  }

  void parse_mean(TableReader& table) {
    InputRules mean_rules = rules();
    mean_rules.references = true;
    mean_rules.from_calibration = [&](int year) { return calibrated_mean(year); };
    plan_.sizes.mean = parse_input(table, table.value("mean"), "models.mean", mean_rules);
  }

  void parse_match(TableReader& table) {
    const std::string match = table.string("match");
    if (match == "shift") {
      plan_.matching.match = engine::Match::shift;
      if (table.has("tolerance")) {
        table.fail_at("tolerance",
                      "models.tolerance belongs to match = \"reject\"; shift is exact");
      }
      if (plan_.sizes.mean.scope == engine::Scope::trajectory) {
        table.fail_at("mean",
                      "models.mean must have scope \"candidate\" with match = \"shift\", "
                      "which solves for it");
      }
      for (std::size_t year = 0; year < years_.size(); ++year) {
        plan_.matching.largest_density.push_back(largest_density(table, year));
      }
    } else if (match == "reject") {
      plan_.matching.match = engine::Match::reject;
      plan_.matching.tolerance = positive_number(table, "tolerance", 0.05);
      for (std::size_t year = 0; year < years_.size(); ++year) {
        if (depends_on_input(plan_.sizes.mean.years[year])) least_prior_sd(table, year);
      }
    } else {
      table.fail_at(
          "match",
          fmt::format("models.match must be \"shift\" or \"reject\", found \"{}\"", match));
    }
  }

  /// A bound on the prior density of the mean over all candidates of a year.
  double largest_density(TableReader& table, std::size_t year) {
    const Distribution& prior = plan_.sizes.mean.years[year];
    if (prior.law == Law::constant) {
      table.fail_at("mean",
                    "match = \"shift\" needs a distribution for models.mean, whose density "
                    "weighs the solution");
    }
    const auto& arguments = prior.arguments;
    if (!depends_on_input(prior)) {
      return kernels::largest_density(prior.law,
                                      {arguments[0].value, arguments[1].value, arguments[2].value});
    }
    if (prior.lower > -infinity || prior.upper < infinity) {
      table.fail_at("mean",
                    "with match = \"shift\" a models.mean that depends on another input cannot "
                    "have bounds");
    }
    return kernels::largest_density(Law::normal, {0.0, least_prior_sd(table, year), 0.0});
  }

  /// The smallest standard deviation that a normal prior of the mean can have in a year.
  double least_prior_sd(TableReader& table, std::size_t year) const {
    const engine::Argument& sd = plan_.sizes.mean.years[year].arguments[1];
    const Support range = reference_support(sd.reference, year);
    const double least = sd.value + std::min(sd.times * range.lower, sd.times * range.upper);
    if (least > 0.0) return least;
    table.fail_at("mean",
                  "the standard deviation of models.mean can come arbitrarily near to 0, so its "
                  "density has no bound; bound the input that it depends on");
  }

  Support reference_support(engine::Reference reference, std::size_t year) const {
    switch (reference) {
      case engine::Reference::count:
        return {1.0, engine::largest_count};
      case engine::Reference::sd:
        return support(plan_.sizes.sd.years[year]);
      case engine::Reference::skewness:
        return support(plan_.sizes.skewness.years[year]);
      case engine::Reference::none:
        break;
    }
    return {0.0, 0.0};
  }

  InputRules rules() const { return {years_, engine::Scope::candidate, {}, false}; }

  const Calibration& calibration_;
  engine::Plan& plan_;
  const std::vector<int>& years_;
};

}  // namespace

void parse_models(TableReader table, const Calibration& calibration, engine::Plan& plan) {
  ModelsParser(calibration, plan).parse(table);
}

}  // namespace flopsieve::jobs
