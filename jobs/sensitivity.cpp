#include "jobs/sensitivity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/error.hpp"
#include "jobs/elementary_effects.hpp"
#include "jobs/pawn.hpp"
#include "jobs/rank_correlation.hpp"
#include "jobs/sobol_indices.hpp"
#include "jobs/suggest.hpp"

namespace flopsieve::jobs {
namespace {

constexpr std::size_t least_base_rows = 10;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void refuse(const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input, message);
}

/// What a measure is called, and what it needs.
struct MeasureInfo {
  SensitivityMeasure measure;
  const char* word;
  const char* needs;
};
constexpr MeasureInfo measures[] = {
    {SensitivityMeasure::sobol, "sobol", "Sobol indices need a sweep with design = \"saltelli\""},
    {SensitivityMeasure::morris, "morris",
     "elementary effects need a sweep with design = \"morris\""},
    {SensitivityMeasure::rank, "rank",
     "rank correlations need a sweep with independent inputs, such as design = "
     "\"latin_hypercube\""},
    {SensitivityMeasure::pawn, "pawn",
     "PAWN needs points that spread over the inputs: a run, or a sweep"}};

const MeasureInfo& info(SensitivityMeasure measure) {
  return *std::find_if(std::begin(measures), std::end(measures),
                       [&](const MeasureInfo& each) { return each.measure == measure; });
}

/// Which measures a sample can give, the usual one first.
std::vector<SensitivityMeasure> measures_of(const Sample& sample) {
  if (sample.is_run()) return {SensitivityMeasure::pawn};
  if (sample.design == "saltelli") return {SensitivityMeasure::sobol};
  if (sample.design == "morris") return {SensitivityMeasure::morris};
  return {SensitivityMeasure::rank, SensitivityMeasure::pawn};
}

SensitivityMeasure choose(const Sample& sample, std::optional<SensitivityMeasure> wanted) {
  const std::vector<SensitivityMeasure> possible = measures_of(sample);
  if (!wanted) return possible.front();
  if (std::find(possible.begin(), possible.end(), *wanted) != possible.end()) return *wanted;
  std::vector<std::string> words;
  for (const SensitivityMeasure each : possible) words.emplace_back(measure_word(each));
  const std::string is =
      sample.is_run() ? "a run" : fmt::format("a sweep with design = \"{}\"", sample.design);
  refuse(fmt::format("{}: {}; this is {}, which gives: {}", sample.file, info(*wanted).needs, is,
                     fmt::join(words, ", ")));
}

/// Mean and standard deviation.
struct Spread {
  double mean = 0.0;
  double sd = 0.0;
};

Spread spread(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0.0;
  for (const double each : values) sum += each;
  double squares = 0.0;
  for (const double each : values) squares += (each - sum / n) * (each - sum / n);
  return {sum / n, n > 1.0 ? std::sqrt(squares / (n - 1.0)) : 0.0};
}

/// The values of the rows that are kept.
std::vector<double> chosen(const std::vector<double>& values, const std::vector<bool>& kept) {
  std::vector<double> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (kept[i]) result.push_back(values[i]);
  }
  return result;
}

/// Fills in what is said of the output, and refuses one that never changes.
void describe_output(const Sample& sample, const std::vector<bool>& kept, Sensitivity& result) {
  const std::vector<double> output = chosen(sample.output, kept);
  const Spread all = spread(output);
  if (std::adjacent_find(output.begin(), output.end(), std::not_equal_to<>()) == output.end()) {
    refuse(fmt::format("{}: {} is the same ({}) in all rows: no input moves it", sample.file,
                       result.metric, all.mean));
  }
  result.mean = all.mean;
  result.sd = all.sd;
  if (sample.errors.empty()) return;
  double squares = 0.0;
  std::size_t known = 0;
  for (const double error : chosen(sample.errors, kept)) {
    if (std::isnan(error)) continue;
    squares += error * error;
    ++known;
  }
  if (known > 0) result.noise_share = squares / static_cast<double>(known) / (all.sd * all.sd);
}

void demand_numbers(const Sample& sample) {
  if (sample.texts.empty()) return;
  refuse(fmt::format("{}: the design \"{}\" has the key {}, which is no number", sample.file,
                     sample.design, sample.texts.front()));
}

SensitivityIndex as_index(const Index& index) {
  return {index.value, index.low, index.high, {}};
}

/// Rows of a table from columns of indices.
void set_rows(const std::vector<std::string>& inputs,
              const std::vector<std::vector<Index>>& indices, Sensitivity& result) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    SensitivityRow row{inputs[i], {}};
    for (const auto& each : indices) row.indices.push_back(as_index(each[i]));
    result.rows.push_back(std::move(row));
  }
}

void analyse_sobol(const Sample& sample, Sensitivity& result) {
  demand_numbers(sample);
  const std::vector<std::size_t> order = saltelli_order(sample.columns);
  const std::size_t d = order.size();
  const std::size_t n = sample.output.size() / (d + 2);
  std::vector<bool> kept(n, true);
  for (std::size_t i = 0; i < sample.output.size(); ++i) {
    if (std::isnan(sample.output[i])) kept[i % n] = false;
  }
  const auto block = [&](std::size_t number) {
    const auto first = sample.output.begin() + static_cast<std::ptrdiff_t>(number * n);
    return chosen({first, first + static_cast<std::ptrdiff_t>(n)}, kept);
  };
  result.unit = "base rows";
  result.used = block(0).size();
  result.left_out = n - result.used;
  if (result.used < least_base_rows) {
    refuse(fmt::format("{}: {} of {} base rows have a result everywhere; Sobol indices need {}",
                       sample.file, result.used, n, least_base_rows));
  }
  std::vector<bool> kept_rows;
  for (std::size_t i = 0; i < sample.output.size(); ++i) kept_rows.push_back(kept[i % n]);
  describe_output(sample, kept_rows, result);
  Columns ab(d);
  for (std::size_t i = 0; i < d; ++i) ab[order[i]] = block(2 + i);
  const SobolIndices indices = sobol_indices(block(0), block(1), ab);
  result.index_names = {"first_order", "total"};
  result.ranked_by = 1;
  set_rows(sample.inputs, {indices.first, indices.total}, result);
}

void analyse_morris(const Sample& sample, Sensitivity& result) {
  demand_numbers(sample);
  const Columns all = effects_of(sample.columns, sample.output);
  const std::size_t points = all.size() + 1;
  std::vector<bool> kept(all.front().size(), true);
  for (const auto& effects : all) {
    for (std::size_t t = 0; t < kept.size(); ++t) {
      if (std::isnan(effects[t])) kept[t] = false;
    }
  }
  Columns effects;
  for (const auto& each : all) effects.push_back(chosen(each, kept));
  result.unit = "trajectories of the design";
  result.used = effects.front().size();
  result.left_out = kept.size() - result.used;
  if (result.used < 2) {
    refuse(
        fmt::format("{}: {} of {} trajectories of the design have a result everywhere; "
                    "elementary effects need 2",
                    sample.file, result.used, kept.size()));
  }
  std::vector<bool> kept_rows;
  for (std::size_t i = 0; i < sample.output.size(); ++i) kept_rows.push_back(kept[i / points]);
  describe_output(sample, kept_rows, result);
  const ElementaryEffects indices = elementary_effects(effects);
  result.index_names = {"mu_star", "mu", "sigma"};
  set_rows(sample.inputs, {indices.mu_star, indices.mu, indices.sigma}, result);
}

/// Complete rows of the inputs that vary.
struct Table {
  std::vector<std::string> inputs;
  Columns columns;
  std::vector<double> output;
};

Table complete_rows(const Sample& sample, Sensitivity& result) {
  const auto note = [&](const std::string& input, const char* why) {
    result.notes.push_back(fmt::format("{} is left out: {}", input, why));
  };
  for (const std::string& each : sample.texts) note(each, "its values are no numbers");
  std::vector<bool> kept;
  for (const double each : sample.output) kept.push_back(!std::isnan(each));
  std::vector<std::size_t> inputs;
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const auto undefined = std::count_if(sample.columns[i].begin(), sample.columns[i].end(),
                                         [](double each) { return std::isnan(each); });
    if (2 * static_cast<std::size_t>(undefined) > kept.size()) {
      note(sample.inputs[i], "it is not defined in most rows");
      continue;
    }
    inputs.push_back(i);
    for (std::size_t row = 0; row < kept.size(); ++row) {
      if (std::isnan(sample.columns[i][row])) kept[row] = false;
    }
  }
  Table table;
  table.output = chosen(sample.output, kept);
  result.used = table.output.size();
  result.left_out = kept.size() - result.used;
  if (result.used == 0) refuse(fmt::format("{}: no row has a result", sample.file));
  describe_output(sample, kept, result);
  for (const std::size_t i : inputs) {
    std::vector<double> column = chosen(sample.columns[i], kept);
    if (std::adjacent_find(column.begin(), column.end(), std::not_equal_to<>()) == column.end()) {
      note(sample.inputs[i], "it does not vary");
      continue;
    }
    table.inputs.push_back(sample.inputs[i]);
    table.columns.push_back(std::move(column));
  }
  if (table.inputs.empty()) refuse(fmt::format("{}: no input varies", sample.file));
  return table;
}

/// Why these inputs cannot be looked at by rank correlations; empty: they can.
std::string dependence(const Table& table) {
  const InputPair most = most_correlated(table.columns);
  if (std::abs(most.correlation) <= dependence_limit(table.output.size())) return "";
  return fmt::format(
      "{} and {} are not independent (rank correlation {:.2f}), so rank correlations would not "
      "tell them apart",
      table.inputs[most.first], table.inputs[most.second], most.correlation);
}

void analyse_rank(const Sample& sample, const Table& table, Sensitivity& result) {
  const std::size_t least = table.inputs.size() + 3;
  if (table.output.size() < least) {
    refuse(fmt::format("{}: {} rows have a result; rank correlations of {} inputs need {}",
                       sample.file, table.output.size(), table.inputs.size(), least));
  }
  const RankCorrelations indices = rank_correlations(table.columns, table.output);
  result.index_names = {"prcc", "srrc"};
  result.r_squared = indices.r_squared;
  set_rows(table.inputs, {indices.prcc, indices.srrc}, result);
}

void analyse_pawn(const Sample& sample, const Table& table, Sensitivity& result) {
  if (table.output.size() < least_pawn_rows) {
    refuse(fmt::format("{}: {}{} rows have a result; PAWN needs {}", sample.file,
                       result.notes.empty() ? "" : result.notes.back() + "; ", table.output.size(),
                       least_pawn_rows));
  }
  result.index_names = {"median", "maximum"};
  const std::vector<PawnIndex> indices = pawn_indices(table.columns, table.output);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const PawnIndex& index = indices[i];
    result.rows.push_back({table.inputs[i],
                           {{index.median, nan, nan, index.median_floor},
                            {index.maximum, nan, nan, index.maximum_floor}}});
  }
}

void analyse_any_sample(const Sample& sample, std::optional<SensitivityMeasure> wanted,
                        Sensitivity& result) {
  result.unit = sample.is_run() ? "trajectories" : "variants";
  const Table table = complete_rows(sample, result);
  if (result.measure == SensitivityMeasure::rank) {
    const std::string why = dependence(table);
    if (!why.empty() && wanted) refuse(fmt::format("{}: {}", sample.file, why));
    if (!why.empty()) {
      result.measure = SensitivityMeasure::pawn;
      result.notes.push_back(why);
    }
  }
  result.measure == SensitivityMeasure::rank ? analyse_rank(sample, table, result)
                                             : analyse_pawn(sample, table, result);
}

/// nan comes last.
void sort_rows(Sensitivity& result) {
  const auto size = [&](const SensitivityRow& row) {
    const double value = std::abs(row.indices[result.ranked_by].value);
    return std::isnan(value) ? -1.0 : value;
  };
  std::stable_sort(result.rows.begin(), result.rows.end(),
                   [&](const auto& x, const auto& y) { return size(x) > size(y); });
}

}  // namespace

SensitivityMeasure parse_measure(const std::string& text) {
  std::vector<std::string> words;
  for (const MeasureInfo& each : measures) {
    if (text == each.word) return each.measure;
    words.emplace_back(each.word);
  }
  refuse(fmt::format("--measure {}: must be one of {}{}", text, fmt::join(words, ", "),
                     did_you_mean(text, words)));
}

const char* measure_word(SensitivityMeasure measure) {
  return info(measure).word;
}

Sensitivity analyse(const Sample& sample, const Metric& metric,
                    std::optional<SensitivityMeasure> wanted) {
  Sensitivity result;
  result.metric = metric.text();
  result.measure = choose(sample, wanted);
  result.notes = sample.notes;
  try {
    switch (result.measure) {
      case SensitivityMeasure::sobol:
        analyse_sobol(sample, result);
        break;
      case SensitivityMeasure::morris:
        analyse_morris(sample, result);
        break;
      case SensitivityMeasure::rank:
      case SensitivityMeasure::pawn:
        analyse_any_sample(sample, wanted, result);
    }
  } catch (const std::invalid_argument& error) {
    refuse(fmt::format("{}: its rows are not in the order of design = \"{}\": {}", sample.file,
                       sample.design, error.what()));
  }
  sort_rows(result);
  return result;
}

}  // namespace flopsieve::jobs
