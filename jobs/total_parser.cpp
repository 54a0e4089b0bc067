#include "jobs/total_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/parameters.hpp"
#include "jobs/money_parser.hpp"
#include "jobs/named.hpp"
#include "jobs/parameter_parser.hpp"
#include "jobs/trend_parser.hpp"

namespace flopsieve::jobs {
namespace {

using engine::TotalModel;

constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr TotalModel total_models[] = {
    TotalModel::growth, TotalModel::table,       TotalModel::tapering, TotalModel::saturating,
    TotalModel::trend,  TotalModel::state_space, TotalModel::implied};

/// Reads the keys of [total] into a Plan.
class TotalParser {
 public:
  TotalParser(TableReader& table, const Calibration& calibration, engine::Plan& plan)
      : table_(table), calibration_(calibration), plan_(plan), total_(plan.total) {}

  void parse() {
    total_.model = parse_named(table_, "model", total_models);
    parse_known();
    parse_ceiling();
    total_.train_share.assign(plan_.years.size(), 1.0);
    const bool grows = total_.model == TotalModel::growth || total_.model == TotalModel::tapering;
    if (grows) parse_growth();
    if (total_.model == TotalModel::saturating) parse_base_year();
    if (total_.model == TotalModel::trend) parse_fit();
    total_.parameters = parse_parameters(table_, engine::parameters_of(total_.model), rules());
    if (grows) keep_positive(total_.parameters[0]);
    table_.finish();
  }

 private:
  InputRules rules() const {
    InputRules result;
    result.years = plan_.years;
    return result;
  }

  void parse_known() {
    const Value* value = table_.optional_value("known");
    if (value == nullptr) return;
    refuse_implied("known");
    std::vector<double>& known = total_.known_log10;
    known.assign(plan_.years.size(), std::numeric_limits<double>::quiet_NaN());
    if (value->kind == ValueKind::string) {
      take_calibration_totals(*value);
    } else {
      TableReader table(*value, "total.known");
      const auto entries = entries_of_years(table, plan_.years, Absent::allowed);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i] == nullptr) continue;
        known[i] = table.as_number(entries[i]->value, table.name_of(entries[i]->key));
      }
      table.finish();
    }
    const auto is_unknown = [](double each) { return std::isnan(each); };
    if (std::all_of(known.begin(), known.end(), is_unknown)) known.clear();
  }

  void take_calibration_totals(const Value& value) {
    if (value.text != "calibration") {
      table_.fail(value, fmt::format("total.known must be \"calibration\" or a table of log10 FLOP "
                                     "per year, found \"{}\"",
                                     value.text));
    }
    for (std::size_t i = 0; i < plan_.years.size(); ++i) {
      const CalibrationYear* year = calibration_.find_year(plan_.years[i]);
      if (year != nullptr) total_.known_log10[i] = year->log10_total;
    }
  }

  void parse_ceiling() {
    const Value* value = table_.optional_value("ceiling");
    if (value == nullptr) return;
    refuse_implied("ceiling");
    const bool in_usd = value->kind == ValueKind::table && find_entry(*value, "usd") != nullptr;
    std::vector<double> ceilings;
    if (in_usd) {
      TableReader table(*value, "total.ceiling");
      ceilings = parse_yearly_numbers(table, table.value("usd"), "total.ceiling.usd", plan_.years);
      table.finish();
    } else {
      ceilings = parse_yearly_numbers(table_, *value, "total.ceiling", plan_.years);
    }
    for (std::size_t i = 0; i < ceilings.size(); ++i) {
      if (!(ceilings[i] > 0.0)) {
        table_.fail(*value, fmt::format("total.ceiling must be positive, found {}", ceilings[i]));
      }
      const double scale = in_usd ? log10_flop_per_usd(plan_.money, plan_.years[i]) : 0.0;
      total_.log10_ceiling.push_back(std::log10(ceilings[i]) + scale);
    }
  }

  void refuse_implied(const char* key) const {
    if (total_.model != TotalModel::implied) return;
    table_.fail_at(key, fmt::format("total.{} needs a model of the total; with model = \"implied\" "
                                    "the sizes decide",
                                    key));
  }

  /// The base year, not after any year whose total the model gives.
  void parse_base_year() {
    total_.base_year = table_.year("base_year");
    for (std::size_t i = 0; i < plan_.years.size(); ++i) {
      const bool known = !total_.known_log10.empty() && !std::isnan(total_.known_log10[i]);
      if (known || total_.base_year <= plan_.years[i]) continue;
      table_.fail_at("base_year",
                     fmt::format("total.base_year must not be after {}, the first year whose total "
                                 "is not known",
                                 plan_.years[i]));
    }
  }

  void parse_growth() {
    parse_base_year();
    total_.base_flop = positive_number(table_, "base_flop");
    total_.usage_multiplier = positive_number(table_, "usage_multiplier", 1.0);
    total_.growth = positive_number(table_, "growth");
    const Value* share = table_.optional_value("train_share");
    if (share == nullptr) return;
    total_.train_share = parse_yearly_numbers(table_, *share, "total.train_share", plan_.years);
    for (const double each : total_.train_share) {
      if (each > 0.0 && each <= 1.0) continue;
      table_.fail(*share,
                  fmt::format("total.train_share must be above 0 and at most 1, found {}", each));
    }
  }

  /// Growth is a positive factor; a noise that makes it smaller is drawn again.
  void keep_positive(engine::Input& noise) {
    const Value* value = table_.optional_value("noise");
    for (engine::Distribution& year : noise.years) {
      const double least = engine::least_growth - total_.growth;
      if (support(year).upper < least) {
        table_.fail_at("noise", "total.noise makes the growth negative");
      }
      keep_inside(year, least, infinity);
      if (value != nullptr) demand_mass(table_, *value, "total.noise", year);
    }
  }

  void parse_fit() {
    const auto log10_total = [](const CalibrationYear& year) { return year.log10_total; };
    total_.trend =
        parse_trend(table_, table_.value("fit"), "total.fit", figure_of(calibration_, log10_total));
  }

  TableReader& table_;
  const Calibration& calibration_;
  engine::Plan& plan_;
  engine::Total& total_;
};

}  // namespace

void parse_total(TableReader table, const Calibration& calibration, engine::Plan& plan) {
  TotalParser(table, calibration, plan).parse();
}

}  // namespace flopsieve::jobs
