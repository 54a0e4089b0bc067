#include "jobs/count_parser.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "engine/parameters.hpp"
#include "jobs/named.hpp"
#include "jobs/parameter_parser.hpp"
#include "jobs/trend_parser.hpp"

namespace flopsieve::jobs {
namespace {

using engine::CountModel;

/// The models that are called by a key of a table.
constexpr CountModel keyed_models[] = {CountModel::poisson, CountModel::negative_binomial,
                                       CountModel::exponential_trend, CountModel::linear_trend,
                                       CountModel::kinked_trend};
constexpr CountModel named_models[] = {CountModel::state_space, CountModel::implied};

/// Reads models.count into a Plan.
class CountParser {
 public:
  CountParser(TableReader& models, const Calibration& calibration, engine::Plan& plan)
      : models_(models), calibration_(calibration), count_(plan.count) {
    rules_.years = plan.years;
  }

  void parse(const Value& value) {
    if (value.kind == ValueKind::string) {
      count_.model = parse_named(models_, value, "models.count", named_models);
      return;
    }
    for (const CountModel model : keyed_models) {
      const std::string key(engine::name(model));
      if (value.kind != ValueKind::table || find_entry(value, key) == nullptr) continue;
      TableReader table(value, "models.count");
      count_.model = model;
      parse_model(table.value(key), table.name_of(key));
      table.finish();
      return;
    }
    count_.model = CountModel::input;
    count_.parameters = {parse_parameter(models_, value, "models.count", info(0), rules_)};
    for (engine::Distribution& year : count_.parameters[0].years) {
      demand_models(value, year);
      if (count_.parameters[0].is_shared()) keep_quantile(value, year);
    }
  }

 private:
  const engine::ParameterInfo& info(std::size_t i) const {
    return engine::parameters_of(count_.model)[i];
  }

  void parse_model(const Value& value, const std::string& name) {
    switch (count_.model) {
      case CountModel::poisson:
        count_.parameters = {parse_parameter(models_, value, name, info(0), rules_)};
        return;
      case CountModel::negative_binomial: {
        TableReader table(value, name);
        count_.parameters = parse_parameters(table, engine::parameters_of(count_.model), rules_);
        table.finish();
        return;
      }
      case CountModel::kinked_trend:
        count_.kinks = parse_kinks(models_, value, name, counts(false));
        return;
      default:
        count_.trend = parse_trend(models_, value, name,
                                   counts(count_.model == CountModel::exponential_trend));
    }
  }

  YearlyFigure counts(bool logarithmic) const {
    return figure_of(calibration_, [&](const CalibrationYear& year) {
      const auto count = static_cast<double>(year.count);
      return logarithmic ? std::log(count) : count;
    });
  }

  void demand_models(const Value& value, const engine::Distribution& year) const {
    const Support range = support(year);
    if (range.upper > 0.5 && range.lower < engine::largest_count + 0.5) return;
    models_.fail(value, fmt::format("models.count must allow a number of models from 1 to {:.0f}",
                                    engine::largest_count));
  }

  /// Drawing again what rounds to no allowed number would lose the quantile that years share.
  void keep_quantile(const Value& value, engine::Distribution& year) const {
    keep_inside(year, 0.5, std::nextafter(engine::largest_count + 0.5, 0.0));
    demand_mass(models_, value, "models.count", year);
  }

  TableReader& models_;
  const Calibration& calibration_;
  engine::Count& count_;
  InputRules rules_;
};

}  // namespace

void parse_count(TableReader& models, const Calibration& calibration, engine::Plan& plan) {
  const bool allocated = plan.sizes.family == engine::SizeFamily::allocation;
  if (allocated && !models.has("count")) {
    plan.count.model = CountModel::implied;
    return;
  }
  CountParser(models, calibration, plan).parse(models.value("count"));
  if (allocated != (plan.count.model == CountModel::implied)) {
    models.fail_at("count",
                   "models.count = \"implied\" and sizes = \"allocation\" belong together: "
                   "only the allocation decides the number of models");
  }
}

}  // namespace flopsieve::jobs
