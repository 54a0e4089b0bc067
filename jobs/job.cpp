#include "jobs/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "jobs/constraint_parser.hpp"
#include "jobs/embedded.hpp"
#include "jobs/input_parser.hpp"
#include "jobs/models_parser.hpp"
#include "jobs/money_parser.hpp"
#include "jobs/outputs_parser.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Distribution;
using engine::Plan;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Reads one job. The members mirror the tables of the file.
class JobParser {
 public:
  JobParser(const Document& document, const Calibration& calibration)
      : root_(document), calibration_(calibration) {}

  Plan parse() {
    if (root_.has("base")) root_.fail_at("base", "base can only stand in a job file");
    parse_size();
    root_.optional_string("calibration");
    parse_total(root_.table("total"));
    parse_models(root_.table("models"), calibration_, plan_);
    if (auto money = root_.optional_table("money")) parse_money(*money, plan_);
    if (auto scaling = root_.optional_table("scaling")) parse_scaling(*scaling, plan_);
    std::vector<TableReader> constraints = root_.tables("constraint");
    parse_constraints(constraints, calibration_, plan_);
    parse_outputs(root_.table("outputs"), root_.optional_table("observed"), calibration_, plan_);
    if (auto precision = root_.optional_table("precision")) parse_precision(*precision, plan_);
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
    total.base_flop = positive_number(table, "base_flop");
    total.usage_multiplier = positive_number(table, "usage_multiplier", 1.0);
    total.growth = positive_number(table, "growth");
    total.input = constant_input(0.0, plan_.years.size());
    const Value* noise = table.optional_value("noise");
    if (noise != nullptr) {
      total.input = parse_input(table, *noise, "total.noise", rules(engine::Scope::trajectory));
    }
    // Growth is a positive factor; a noise that makes it smaller than this is drawn again.
    constexpr double least_growth = 1e-3;
    for (Distribution& year : total.input.years) {
      keep_inside(year, least_growth - total.growth, infinity);
      const Support range = support(year);
      if (range.lower > range.upper) {
        table.fail_at("noise", "total.noise makes the growth negative");
      }
      if (noise != nullptr) demand_mass(table, *noise, "total.noise", year);
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
  // An absolute name stays as it is.
  const std::filesystem::path path =
      std::filesystem::path(*root.value("calibration").source).parent_path() / *name;
  return parse_calibration(engine::read_text(path, engine::ExitCode::bad_input), path.string());
}

}  // namespace flopsieve::jobs
