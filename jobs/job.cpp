#include "jobs/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <set>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "jobs/constraint_parser.hpp"
#include "jobs/embedded.hpp"
#include "jobs/input_parser.hpp"
#include "jobs/trend.hpp"
#include "kernels/skew_normal.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Distribution;
using engine::Input;
using engine::Plan;
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

/// Bounds a distribution that could leave [lower, upper].
void keep_inside(Distribution& distribution, double lower, double upper) {
  const Support range = support(distribution);
  if (range.lower < lower) distribution.lower = lower;
  if (range.upper > upper) distribution.upper = upper;
}

/// Reads one job. The members mirror the tables of the file.
class JobParser {
 public:
  JobParser(const Document& document, const Calibration& calibration)
      : root_(document), calibration_(calibration) {}

  Plan parse() {
    parse_size();
    root_.optional_string("calibration");
    parse_total(root_.table("total"));
    parse_models(root_.table("models"));
    parse_money();
    for (TableReader& table : root_.tables("constraint")) {
      plan_.constraints.push_back(parse_constraint(table, plan_.years, calibration_));
    }
    check_constraint_names();
    plan_.cascade = cascade_order(plan_.constraints);
    parse_outputs();
    root_.finish();
    return plan_;
  }

 private:
  void parse_size() {
    plan_.title = root_.label("title", "");
    plan_.seed = whole("seed", 1, 0, std::numeric_limits<std::int64_t>::max());
    plan_.trajectories = whole("trajectories", 10'000, 1, 1LL << 40);
    plan_.attempts = whole("attempts", 1'000'000, 1, 1LL << 40);
    plan_.batch_trajectories = whole("batch_trajectories", 0, 0, 4096);
    const Value& value = root_.value("years");
    const std::string years = value.kind == ValueKind::integer ? std::to_string(value.integer)
                                                               : root_.as_string(value, "years");
    const auto [first, last] = parse_year_range(
        years, [&](const std::string& message) { root_.fail_at("years", message); });
    if (last - first >= static_cast<int>(engine::per_trajectory)) {
      root_.fail_at("years",
                    fmt::format("years must span at most {} years", engine::per_trajectory));
    }
    for (int year = first; year <= last; ++year) plan_.years.push_back(year);
  }

  std::uint64_t whole(const char* key, std::int64_t fallback, std::int64_t least,
                      std::int64_t most) {
    const std::int64_t value = root_.integer(key, fallback);
    if (value < least || value > most) {
      root_.fail_at(key,
                    fmt::format("{} must be from {} to {}, found {}", key, least, most, value));
    }
    return static_cast<std::uint64_t>(value);
  }

  static double positive(TableReader& table, const char* key, double fallback) {
    return table.has(key) ? positive(table, key) : fallback;
  }

  static double positive(TableReader& table, const char* key) {
    const double value = table.number(key);
    if (!(value > 0.0)) {
      table.fail_at(key, fmt::format("{} must be positive, found {}", table.name_of(key), value));
    }
    return value;
  }

  InputRules rules(engine::Scope scope = engine::Scope::candidate) const {
    return {plan_.years, scope, {}, false};
  }

  void parse_total(TableReader table) {
    const std::string model = table.string("model");
    if (model == "growth") {
      parse_growth(table);
    } else if (model == "table") {
      plan_.total.model = engine::TotalModel::table;
      plan_.total.input =
          parse_input(table, table.value("log10_flop"), "total.log10_flop", rules());
      plan_.total.train_share.assign(plan_.years.size(), 1.0);
    } else {
      table.fail_at(
          "model", fmt::format("total.model must be \"growth\" or \"table\", found \"{}\"", model));
    }
    table.finish();
  }

  void parse_growth(TableReader& table) {
    engine::Total& total = plan_.total;
    total.model = engine::TotalModel::growth;
    total.base_year = static_cast<int>(table.integer("base_year"));
    if (total.base_year > plan_.years.front()) {
      table.fail_at("base_year", fmt::format("total.base_year must not be after the first year {}",
                                             plan_.years.front()));
    }
    total.base_flop = positive(table, "base_flop");
    total.usage_multiplier = positive(table, "usage_multiplier", 1.0);
    total.growth = positive(table, "growth");
    total.input = constant_input(0.0, plan_.years.size());
    if (const Value* noise = table.optional_value("noise")) {
      total.input = parse_input(table, *noise, "total.noise", rules(engine::Scope::trajectory));
    }
    // Growth is a positive factor; a noise that makes it smaller than this is drawn again.
    constexpr double least_growth = 1e-3;
    for (Distribution& year : total.input.years) {
      keep_inside(year, least_growth - total.growth, infinity);
      const Support range = support(year);
      if (range.lower > range.upper)
        table.fail_at("noise", "total.noise makes the growth negative");
    }
    total.train_share.assign(plan_.years.size(), 1.0);
    const Value* share = table.optional_value("train_share");
    if (share == nullptr) return;
    total.train_share = parse_yearly_numbers(table, *share, "total.train_share", plan_.years);
    for (const double each : total.train_share) {
      if (each > 0.0 && each <= 1.0) continue;
      table.fail(*share,
                 fmt::format("total.train_share must be above 0 and at most 1, found {}", each));
    }
  }

  void parse_models(TableReader table) {
    parse_count(table);
    parse_family(table);
    parse_sd(table);
    parse_skewness(table);
    parse_mean(table);
    parse_match(table);
    table.finish();
  }

  void parse_count(TableReader& table) {
    const Value& value = table.value("count");
    const Entry* poisson = find_entry(value, "poisson");
    const Entry* trend = find_entry(value, "exponential_trend");
    engine::Count& count = plan_.count;
    if (trend != nullptr) {
      count.model = engine::CountModel::exponential_trend;
      count.input = constant_input(0.0, plan_.years.size());
      TableReader inner(value, "models.count", table.source_name());
      inner.has("exponential_trend");
      inner.finish();
      count.trend = parse_trend(inner, trend->value);
      return;
    }
    count.model = poisson != nullptr ? engine::CountModel::poisson : engine::CountModel::input;
    if (poisson != nullptr) {
      TableReader inner(value, "models.count", table.source_name());
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
    TableReader fit(value, "models.count.exponential_trend", table.source_name());
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
    }
  }

  void parse_skewness(TableReader& table) {
    plan_.sizes.skewness = constant_input(0.0, plan_.years.size());
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
      for (std::size_t year = 0; year < plan_.years.size(); ++year) {
        plan_.matching.largest_density.push_back(largest_density(table, year));
      }
    } else if (match == "reject") {
      plan_.matching.match = engine::Match::reject;
      plan_.matching.tolerance = positive(table, "tolerance", 0.05);
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
    const bool dependent = std::any_of(arguments.begin(), arguments.end(), [](const auto& a) {
      return a.reference != engine::Reference::none;
    });
    if (!dependent) {
      return kernels::largest_density(prior.law,
                                      {arguments[0].value, arguments[1].value, arguments[2].value});
    }
    if (prior.law != Law::normal || prior.lower > -infinity || prior.upper < infinity) {
      table.fail_at("mean",
                    "with match = \"shift\" only an unbounded normal models.mean may depend "
                    "on another input");
    }
    const engine::Argument& sd = arguments[1];
    const Support range = reference_support(sd.reference, year);
    const double least = sd.value + std::min(sd.times * range.lower, sd.times * range.upper);
    if (!(least > 0.0)) {
      table.fail_at("mean",
                    "the standard deviation of models.mean can come arbitrarily near to 0, "
                    "so its density has no bound; bound the input that it depends on");
    }
    return kernels::largest_density(Law::normal, {0.0, least, 0.0});
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

  void parse_money() {
    auto table = root_.optional_table("money");
    if (!table) return;
    engine::Money& money = plan_.money;
    money.flop_per_usd = positive(*table, "flop_per_usd", money.flop_per_usd);
    money.improvement = positive(*table, "improvement", money.improvement);
    money.base_year = static_cast<int>(table->integer("base_year", money.base_year));
    table->finish();
  }

  void check_constraint_names() {
    std::set<std::string> names{std::string(engine::matching_name(plan_.matching.match))};
    for (const engine::Constraint& constraint : plan_.constraints) {
      if (!names.insert(constraint.name).second) {
        root_.fail_at("constraint",
                      fmt::format("two constraints are called \"{}\"; give one of them "
                                  "a name = \"...\" of its own",
                                  constraint.name));
      }
    }
    if (plan_.constraints.size() > engine::most_constraints) {
      root_.fail_at("constraint",
                    fmt::format("at most {} constraints are allowed", engine::most_constraints));
    }
  }

  void parse_outputs() {
    engine::Outputs& outputs = plan_.outputs;
    TableReader table = root_.table("outputs");
    outputs.thresholds = table.numbers("thresholds");
    ascending(table, "thresholds", outputs.thresholds, 0.0, infinity);
    outputs.quantiles = {0.05, 0.5, 0.95};
    if (table.has("quantiles")) outputs.quantiles = table.numbers("quantiles");
    ascending(table, "quantiles", outputs.quantiles, 0.0, 1.0);
    std::vector<std::string> statistics{"count", "largest_share", "mean", "sd", "skewness"};
    if (table.has("statistics")) statistics = table.strings("statistics");
    for (const std::string& text : statistics) parse_output_statistic(table, text);
    parse_keep(table);
    parse_cumulative(table);
    table.finish();
  }

  void parse_output_statistic(TableReader& table, const std::string& text) {
    std::vector<engine::Statistic>& statistics = plan_.outputs.statistics;
    try {
      statistics.push_back(engine::parse_statistic(text));
    } catch (const std::invalid_argument& error) {
      table.fail_at("statistics", error.what());
    }
    if (std::count(statistics.begin(), statistics.end(), statistics.back()) > 1) {
      table.fail_at("statistics",
                    fmt::format("outputs.statistics names {} twice", statistics.back().name()));
    }
  }

  static void ascending(TableReader& table, const char* key, const std::vector<double>& values,
                        double above, double below) {
    bool good = !values.empty();
    for (std::size_t i = 0; i < values.size(); ++i) {
      good =
          good && values[i] > above && values[i] < below && (i == 0 || values[i - 1] < values[i]);
    }
    if (!good) {
      table.fail_at(key,
                    fmt::format("{} must be a list of ascending numbers {}", table.name_of(key),
                                below == 1.0 ? "between 0 and 1" : "above 0"));
    }
  }

  void parse_keep(TableReader& table) {
    engine::Outputs& outputs = plan_.outputs;
    const std::string keep = table.string("keep", "index");
    if (keep == "summary") {
      outputs.keep = engine::Keep::summary;
    } else if (keep == "index") {
      outputs.keep = engine::Keep::index;
    } else if (keep == "statistics") {
      outputs.keep = engine::Keep::statistics;
    } else if (keep == "samples") {
      outputs.keep = engine::Keep::samples;
      outputs.keep_samples = engine::address_limit;
    } else if (const auto number = samples_number(keep)) {
      outputs.keep = engine::Keep::samples;
      outputs.keep_samples = *number;
    } else {
      table.fail_at("keep",
                    fmt::format("outputs.keep must be \"summary\", \"index\", \"statistics\", "
                                "\"samples\" or \"samples:N\" with N >= 1, found \"{}\"",
                                keep));
    }
  }

  static std::optional<std::uint64_t> samples_number(const std::string& keep) {
    const std::string prefix = "samples:";
    if (!keep.starts_with(prefix) || keep.size() > prefix.size() + 12) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : keep.substr(prefix.size())) {
      if (c < '0' || c > '9') return std::nullopt;
      number = 10 * number + static_cast<std::uint64_t>(c - '0');
    }
    if (number == 0) return std::nullopt;
    return number;
  }

  /// Known models of the years from cumulative_from to the one before the first.
  void parse_cumulative(TableReader& table) {
    engine::Outputs& outputs = plan_.outputs;
    const int first = plan_.years.front();
    outputs.cumulative_from =
        static_cast<int>(table.integer("cumulative_from", std::min(2023, first)));
    if (outputs.cumulative_from > first) {
      table.fail_at("cumulative_from", fmt::format("outputs.cumulative_from must not be after the "
                                                   "first year {}",
                                                   first));
    }
    outputs.cumulative_base.assign(outputs.thresholds.size(), 0);
    if (const Value* base = table.optional_value("cumulative_base")) {
      explicit_base(table, *base);
      return;
    }
    for (int year = outputs.cumulative_from; year < first; ++year) {
      for (std::size_t t = 0; t < outputs.thresholds.size(); ++t) {
        outputs.cumulative_base[t] += calibration_count(table, year, outputs.thresholds[t]);
      }
    }
  }

  void explicit_base(TableReader& table, const Value& value) {
    const std::vector<double> numbers = table.as_numbers(value, "outputs.cumulative_base");
    bool good = numbers.size() == plan_.outputs.thresholds.size();
    for (const double number : numbers) {
      good = good && number >= 0.0 && number <= 1e9 && number == std::floor(number);
    }
    if (!good) {
      table.fail(value, "outputs.cumulative_base must be one whole number per threshold");
    }
    for (std::size_t t = 0; t < numbers.size(); ++t) {
      plan_.outputs.cumulative_base[t] = static_cast<std::uint64_t>(numbers[t]);
    }
  }

  std::uint64_t calibration_count(TableReader& table, int year, double threshold) const {
    const CalibrationYear* known = calibration_.find_year(year);
    if (known != nullptr) {
      if (threshold > known->largest) return 0;
      for (std::size_t i = 0; i < calibration_thresholds.size(); ++i) {
        if (calibration_thresholds[i] == threshold) {
          return static_cast<std::uint64_t>(known->count_above[i]);
        }
      }
    }
    table.fail_at(
        "cumulative_from",
        fmt::format("the calibration does not tell how many models of {} are above {} FLOP, "
                    "which cumulative counts from {} need; set outputs.cumulative_from = {} "
                    "or give outputs.cumulative_base",
                    year, threshold, plan_.outputs.cumulative_from, plan_.years.front()));
  }

  TableReader root_;
  const Calibration& calibration_;
  Plan plan_;
};

}  // namespace

Plan plan_from_job(const Document& document, const Calibration& calibration) {
  return JobParser(document, calibration).parse();
}

Calibration calibration_for(const Document& document) {
  TableReader root(document);
  const auto name = root.optional_string("calibration");
  if (!name) return parse_calibration(embedded_calibration(), "embedded calibration");
  std::filesystem::path path(*name);
  if (path.is_relative()) {
    path = std::filesystem::path(document.source_name).parent_path() / path;
  }
  return parse_calibration(engine::read_text(path, engine::ExitCode::bad_input), path.string());
}

}  // namespace flopsieve::jobs
