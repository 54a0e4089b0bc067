#include "jobs/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "jobs/constraint_parser.hpp"
#include "jobs/embedded.hpp"
#include "jobs/models_parser.hpp"
#include "jobs/money_parser.hpp"
#include "jobs/outputs_parser.hpp"
#include "jobs/state_source.hpp"
#include "jobs/table_reader.hpp"
#include "jobs/total_parser.hpp"
#include "jobs/yearly.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Plan;

/// Reads one job. The members mirror the tables of the file.
class JobParser {
 public:
  JobParser(const Document& document, const Calibration& calibration,
            const engine::StateSpace* fitted)
      : root_(document), calibration_(calibration), fitted_(fitted) {}

  Plan parse() {
    if (root_.has("base")) root_.fail_at("base", "base can only stand in a job file");
    if (root_.has("sweep")) {
      root_.fail_at("sweep", "a job with [sweep] is many runs; flopsieve run and check take it");
    }
    parse_size();
    root_.optional_string("calibration");
    plan_.calibration = calibration_.text;
    if (auto money = root_.optional_table("money")) parse_money(*money, plan_);
    parse_total(root_.table("total"), calibration_, plan_);
    StateSource state(root_.optional_table("state_space"), calibration_, fitted_);
    parse_models(root_.table("models"), calibration_, state, plan_);
    take_state(state);
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
    plan_.title = root_.label("title", "", TableReader::Empty::allowed);
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

  /// The fit of the state space, if something refers to it.
  void take_state(StateSource& state) {
    if (!refers_to_state(plan_)) return;
    plan_.state = state.space();
    if (plan_.years.front() > plan_.state.last_year) return;
    root_.fail_at("years", fmt::format("the state space is known up to {} and can only tell of "
                                       "later years; the job begins in {}",
                                       plan_.state.last_year, plan_.years.front()));
  }

  TableReader root_;
  const Calibration& calibration_;
  const engine::StateSpace* fitted_;
  Plan plan_;
};

}  // namespace

Plan plan_from_job(const Document& document, const Calibration& calibration,
                   const engine::StateSpace* fitted) {
  return JobParser(document, calibration, fitted).parse();
}

Calibration calibration_for(const Document& document) {
  TableReader root(document);
  if (!root.has("calibration")) {
    Calibration embedded = parse_calibration(embedded_calibration(), "embedded calibration");
    embedded.text.name = "embedded";
    return embedded;
  }
  const std::string name = root.label("calibration", "");
  // An absolute name stays as it is.
  const std::filesystem::path path =
      std::filesystem::path(*root.value("calibration").source).parent_path() / name;
  if (engine::path_kind(path) != engine::PathKind::file) {
    root.fail_at("calibration", fmt::format("calibration: there is no file {}", path.string()));
  }
  const std::string text = engine::read_text(path, engine::ExitCode::bad_input);
  Calibration calibration = parse_calibration(text, path.string());
  calibration.text.name = name;
  return calibration;
}

}  // namespace flopsieve::jobs
