#include "jobs/scaling/fit_file.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/result_seal.hpp"
#include "engine/result_tables.hpp"
#include "jobs/commands.hpp"
#include "jobs/planning.hpp"

namespace flopsieve::jobs {
namespace {

namespace format = engine::format;
using engine::Dimension;
using engine::H5File;

template <class Row, class Value>
std::vector<Value> column(const std::vector<Row>& rows, Value (*value)(const Row&)) {
  std::vector<Value> values;
  for (const Row& row : rows) values.push_back(value(row));
  return values;
}

Dimension along(const char* scale, std::uint64_t length) {
  return {std::string("/") + scale, length};
}

void write_numbers(H5File& file, const char* name, const std::vector<double>& values,
                   const std::vector<Dimension>& dimensions, const std::string& units,
                   const std::string& meaning) {
  file.write(std::string("/") + name, values, {dimensions, units, meaning});
}

/// A value, its standard error and its interval for each entry of a scale.
void write_estimates(H5File& file, const std::string& prefix, const Dimension& dimension,
                     const std::vector<Estimate>& estimates, const std::string& units,
                     const std::string& meaning) {
  std::vector<double> values;
  std::vector<double> errors;
  std::vector<double> ends;
  for (const Estimate& each : estimates) {
    values.push_back(each.value);
    errors.push_back(each.standard_error);
    ends.insert(ends.end(), {each.low, each.high});
  }
  write_numbers(file, (prefix + "estimate").c_str(), values, {dimension}, units, meaning);
  write_numbers(file, (prefix + "standard_error").c_str(), errors, {dimension}, units,
                meaning + ": standard deviation over resamples");
  write_numbers(file, (prefix + "interval").c_str(), ends, {dimension, along("bound", 2)}, units,
                meaning + ": percentile interval");
}

void write_results(H5File& file, const FitContent& content) {
  file.write_strings("/bound", {"low", "high"}, {{along("bound", 2)}, "", "ends of an interval"});
  std::vector<std::string> names;
  std::vector<std::string> units;
  std::vector<Estimate> estimates;
  for (const FitNumber& number : content.numbers) {
    names.push_back(number.name);
    units.push_back(number.units);
    estimates.push_back(number.estimate);
  }
  const Dimension number = along("number", names.size());
  file.write_strings("/number", names, {{number}, "", "fitted numbers"});
  file.write_strings("/number_units", units,
                     {{number}, "", "their units; empty: depend on alpha or beta"});
  write_estimates(file, "", number, estimates, "", "fitted number");
  if (content.budgets.empty()) return;
  const Dimension budget = along("budget", content.budgets.size());
  write_numbers(
      file, "budget",
      column<FitBudget, double>(content.budgets, [](const FitBudget& b) { return b.flop; }),
      {budget}, "FLOP", "training compute");
  const auto write = [&](const char* prefix, const char* units_of, const char* meaning,
                         Estimate (*of)(const FitBudget&)) {
    write_estimates(file, prefix, budget, column<FitBudget, Estimate>(content.budgets, of),
                    units_of, meaning);
  };
  write("parameters_", "1", "best number of parameters",
        [](const FitBudget& b) { return b.parameters; });
  write("tokens_", "1", "best number of tokens", [](const FitBudget& b) { return b.tokens; });
  if (content.budgets.front().loss) {
    write("loss_", "nat", "loss there", [](const FitBudget& b) { return *b.loss; });
  }
}

void write_rows(H5File& file, const FitContent& content) {
  const auto& runs = content.data.runs;
  const Dimension row = along("row", runs.size());
  file.write("/row",
             column<TrainingRun, std::int64_t>(
                 runs, [](const TrainingRun& run) { return std::int64_t{run.line}; }),
             {{row}, "1", "line of the data file"});
  write_numbers(
      file, "parameters",
      column<TrainingRun, double>(runs, [](const TrainingRun& r) { return r.parameters; }), {row},
      "1", "parameters of the row");
  write_numbers(file, "tokens",
                column<TrainingRun, double>(runs, [](const TrainingRun& r) { return r.tokens; }),
                {row}, "1", "tokens of the row");
  write_numbers(file, "loss",
                column<TrainingRun, double>(runs, [](const TrainingRun& r) { return r.loss; }),
                {row}, "nat", "loss of the row");
  if (!content.parametric) return;
  write_numbers(file, "residual", content.parametric->residuals, {row}, "1",
                "ln of the law's loss less ln of the row's");
}

void append(std::vector<double>& values, const ParametricLoss& law) {
  values.insert(values.end(), {law.ln_a, law.ln_b, law.ln_e, law.alpha, law.beta});
}

void write_starts(H5File& file, const ParametricFit& fit) {
  const Dimension start = along("start", fit.descents.size());
  const Dimension constant = along("constant", 5);
  std::vector<double> starts;
  std::vector<double> ends;
  for (const ParametricLoss& law : published_starts()) append(starts, law);
  for (const Descent& descent : fit.descents) append(ends, descent.law);
  write_numbers(file, "start_constants", starts, {start, constant}, "1", "where a descent began");
  write_numbers(file, "end_constants", ends, {start, constant}, "1", "where it ended");
  write_numbers(file, "end_misfit",
                column<Descent, double>(fit.descents, [](const Descent& d) { return d.misfit; }),
                {start}, "1", "sum of Huber losses there");
  write_numbers(file, "end_gradient",
                column<Descent, double>(fit.descents, [](const Descent& d) { return d.gradient; }),
                {start}, "1", "largest slope there, over rows times delta");
}

void write_parametric(H5File& file, const ParametricContent& found) {
  const Dimension constant = along("constant", 5);
  const Dimension other = along("other_constant", 5);
  const std::vector<std::string> names = {"ln_A", "ln_B", "ln_E", "alpha", "beta"};
  file.write_strings("/constant", names, {{constant}, "", "constants of the law"});
  file.write_strings("/other_constant", names, {{other}, "", "as constant"});
  write_numbers(file, "covariance", {found.covariance.begin(), found.covariance.end()},
                {constant, other}, "1", "covariance over resamples");
  write_starts(file, found.fit);
  const ParametricBootstrap& bootstrap = found.bootstrap;
  if (bootstrap.laws.empty()) return;
  const Dimension resample = along("resample", bootstrap.laws.size());
  file.write("/resample", bootstrap.resamples, {{resample}, "1", "number of the resample"});
  std::vector<double> constants;
  for (const ParametricLoss& law : bootstrap.laws) append(constants, law);
  write_numbers(file, "resample_constants", constants, {resample, constant}, "1",
                "constants fitted to the resample");
  write_numbers(file, "resample_misfit", bootstrap.misfits, {resample}, "1",
                "sum of Huber losses of the resample");
}

void write_optima(H5File& file, const OptimaContent& found) {
  const auto& optima = found.fit.optima;
  const Dimension optimum = along("optimum", optima.size());
  const auto write = [&](const char* name, double (*of)(const BudgetOptimum&), const char* units,
                         const char* meaning) {
    write_numbers(file, name, column<BudgetOptimum, double>(optima, of), {optimum}, units, meaning);
  };
  write(
      "optimum", [](const BudgetOptimum& o) { return o.flop; }, "FLOP", "budget");
  write(
      "optimum_parameters", [](const BudgetOptimum& o) { return o.parameters; }, "1",
      "best number of parameters there");
  write(
      "optimum_loss", [](const BudgetOptimum& o) { return o.loss; }, "nat", "lowest loss there");
  file.write("/optimum_sizes",
             column<BudgetOptimum, std::uint64_t>(
                 optima, [](const BudgetOptimum& o) -> std::uint64_t { return o.sizes; }),
             {{optimum}, "1", "sizes of model that were compared"});
  file.write_strings(
      "/optimum_left_out",
      column<BudgetOptimum, std::string>(optima, [](const BudgetOptimum& o) { return o.left_out; }),
      {{optimum}, "", "why the law does not go through it; empty: it does"});
  const OptimaBootstrap& bootstrap = found.bootstrap;
  if (bootstrap.laws.empty()) return;
  const Dimension resample = along("resample", bootstrap.laws.size());
  file.write("/resample", bootstrap.resamples, {{resample}, "1", "number of the resample"});
  write_numbers(
      file, "resample_exponent",
      column<PowerLaw, double>(bootstrap.laws, [](const PowerLaw& l) { return l.exponent; }),
      {resample}, "1", "exponent of parameters");
  write_numbers(
      file, "resample_log10_flop",
      column<PowerLaw, double>(bootstrap.laws, [](const PowerLaw& l) { return l.log10_flop; }),
      {resample}, "1", "log10 of the mean budget");
  write_numbers(file, "resample_log10_parameters",
                column<PowerLaw, double>(bootstrap.laws,
                                         [](const PowerLaw& l) { return l.log10_parameters; }),
                {resample}, "1", "log10 of the best number of parameters there");
}

void write_attributes(H5File& file, const FitContent& content,
                      const std::vector<std::string>& command_line) {
  const auto text = [&](const char* name, std::string_view value) {
    file.write_attribute("/", name, value);
  };
  const auto whole = [&](const char* name, std::uint64_t value) {
    file.write_attribute("/", name, value);
  };
  text("Conventions", "CF-1.10");
  text("title", fmt::format("Scaling law fitted to {}", content.data.file));
  text("source",
       "flopsieve: approach " + std::to_string(content.approach) + " of Hoffmann et al. (2022)");
  text(format::kind, format::kind_scaling_fit);
  file.write_attribute("/", format::format_version, std::int32_t{format::version});
  file.write_attribute("/", "approach", std::int32_t{content.approach});
  whole("seed", content.options.seed);
  whole("resamples", content.options.resamples);
  whole("failed_resamples", content.failed);
  file.write_attribute("/", "interval", content.options.interval);
  text("data_file", content.data.file);
  text("data_sha256", content.data.sha256);
  whole("dropped_rows", content.data.dropped);
  if (content.parametric) {
    file.write_attribute("/", "delta", content.delta);
    file.write_attribute("/", "misfit", content.parametric->fit.best.misfit);
    file.write_attribute("/", "log_likelihood", content.parametric->summary.log_likelihood);
  }
  for (const auto& [name, value] : provenance_of(command_line)) text(name.c_str(), value);
}

bool is_fit_result(const std::filesystem::path& path) {
  try {
    if (!engine::begins_whole(path)) return false;
    const H5File file = H5File::open(path);
    return file.has_attribute("/", format::kind) &&
           file.read_attribute_text("/", format::kind) == format::kind_scaling_fit;
  } catch (const engine::Error&) {
    return false;
  }
}

}  // namespace

std::filesystem::path fit_output(const std::string& name) {
  const std::filesystem::path path = engine::follow_links(name);
  demand_output_place(path);
  if (engine::path_kind(path) == engine::PathKind::file && !is_fit_result(path)) {
    throw engine::Error(engine::ExitCode::bad_input,
                        fmt::format("{}: exists and is no result of flopsieve scaling fit; choose "
                                    "another name with -o",
                                    name));
  }
  return path;
}

void write_fit_file(const std::filesystem::path& path, const FitContent& content,
                    const std::vector<std::string>& command_line) {
  engine::TemporaryFile temporary(path);
  std::vector<engine::ByteRange> large_arrays;
  {
    H5File file = H5File::create(temporary.path());
    write_results(file, content);
    write_rows(file, content);
    if (content.parametric) write_parametric(file, *content.parametric);
    if (content.optima) write_optima(file, *content.optima);
    write_attributes(file, content, command_line);
    engine::mark_complete(file);
    file.flush();
    large_arrays = file.plain_numbers(engine::kLargeArray);
  }
  engine::append_seal(temporary, large_arrays);
  temporary.commit();
}

}  // namespace flopsieve::jobs
