#include "jobs/scaling/training_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

[[noreturn]] void fail(const CsvTable& table, int line, const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input,
                      fmt::format("{}:{}: {}", table.source_name, line, message));
}

/// Letters and digits only, in lower case: "Training FLOP" and "training_flop" are the same.
std::string plain(const std::string& name) {
  std::string result;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') result += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) result += c;
  }
  return result;
}

/// What a column may be called, the best name first.
struct Kind {
  const char* words;
  const char* option;
  std::vector<std::string> names;
};

const Kind parameters_kind{
    "parameters",
    "--parameters-column",
    {"parameters", "params", "modelparameters", "modelsize", "parametercount", "n"}};
const Kind tokens_kind{
    "tokens", "--tokens-column", {"tokens", "trainingtokens", "datasetsize", "d"}};
const Kind flop_kind{"flop",
                     "--flop-column",
                     {"flop", "flops", "trainingflop", "trainingflops", "compute",
                      "trainingcompute", "trainingcomputeflop", "c"}};
const Kind loss_kind{"loss", "--loss-column", {"loss", "finalloss", "trainingloss", "l"}};
const Kind curve_kind{"run", "--run-column", {"run", "runid", "curve"}};

/// The column of an option, or the one whose name is first among those of its kind.
std::optional<std::size_t> find(const CsvTable& table, const std::string& asked, const Kind& kind) {
  if (!asked.empty()) return table.column(asked);
  for (const std::string& name : kind.names) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < table.header.size(); ++i) {
      if (plain(table.header[i]) != name) continue;
      if (found) {
        fail(table, table.header_line,
             fmt::format("columns \"{}\" and \"{}\" may both be the {}; choose with {}",
                         table.header[*found], table.header[i], kind.words, kind.option));
      }
      found = i;
    }
    if (found) return found;
  }
  return std::nullopt;
}

[[noreturn]] void fail_missing(const CsvTable& table, const std::string& what,
                               const std::string& options) {
  fail(table, table.header_line,
       fmt::format("no column of {}; name it with {}. Columns: {}", what, options,
                   fmt::join(table.header, ", ")));
}

double positive(const CsvTable& table, const CsvRecord& record, std::size_t column) {
  const std::string& text = record.fields[column];
  std::string_view view = text;
  while (!view.empty() && view.front() == ' ') view.remove_prefix(1);
  while (!view.empty() && view.back() == ' ') view.remove_suffix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  const bool whole = error == std::errc() && end == view.data() + view.size();
  if (!whole || !std::isfinite(value) || value <= 0.0) {
    fail(table, record.line,
         fmt::format("{} is \"{}\"; a positive number is needed", table.header[column], text));
  }
  return value;
}

/// Of parameters or tokens.
double at_least_one(const CsvTable& table, int line, const char* what, double value) {
  if (value >= 1.0) return value;
  fail(table, line, fmt::format("{:.6g} {}; at least 1 is needed", value, what));
}

/// The places of the columns.
struct Places {
  std::size_t parameters = 0;
  std::size_t amount = 0;  ///< tokens or FLOP
  std::size_t loss = 0;
  bool has_tokens = false;
  std::optional<std::size_t> curve;
};

Places find_places(const CsvTable& table, const TrainingColumns& asked) {
  Places places;
  const auto parameters = find(table, asked.parameters, parameters_kind);
  if (!parameters) fail_missing(table, "parameters", parameters_kind.option);
  const auto loss = find(table, asked.loss, loss_kind);
  if (!loss) fail_missing(table, "the loss", loss_kind.option);
  // A column that an option names comes before one that is found.
  const bool prefer_flop = !asked.flop.empty() && asked.tokens.empty();
  const auto tokens = prefer_flop ? std::nullopt : find(table, asked.tokens, tokens_kind);
  const auto flop = tokens ? std::nullopt : find(table, asked.flop, flop_kind);
  if (!tokens && !flop) fail_missing(table, "tokens or FLOP", "--tokens-column or --flop-column");
  places.parameters = *parameters;
  places.loss = *loss;
  places.amount = tokens ? *tokens : *flop;
  places.has_tokens = tokens.has_value();
  places.curve = find(table, asked.curve, curve_kind);
  if (places.parameters == places.amount || places.parameters == places.loss ||
      places.amount == places.loss) {
    fail(table, table.header_line,
         fmt::format("one column for two of parameters (\"{}\"), {} (\"{}\") and loss (\"{}\")",
                     table.header[places.parameters], places.has_tokens ? "tokens" : "FLOP",
                     table.header[places.amount], table.header[places.loss]));
  }
  return places;
}

TrainingColumns names_of(const CsvTable& table, const Places& places) {
  TrainingColumns names;
  names.parameters = table.header[places.parameters];
  names.loss = table.header[places.loss];
  (places.has_tokens ? names.tokens : names.flop) = table.header[places.amount];
  if (places.curve) names.curve = table.header[*places.curve];
  return names;
}

}  // namespace

TrainingData training_data(const CsvTable& table, const TrainingColumns& columns) {
  const Places places = find_places(table, columns);
  TrainingData data{table.source_name, table.sha256, names_of(table, places), {}, {}, 0.0};
  for (const CsvRecord& record : table.records) {
    TrainingRun run;
    run.line = record.line;
    run.parameters =
        at_least_one(table, record.line, "parameters", positive(table, record, places.parameters));
    const double amount = positive(table, record, places.amount);
    run.tokens = at_least_one(table, record.line, "tokens",
                              places.has_tokens ? amount : amount / (6.0 * run.parameters));
    run.loss = positive(table, record, places.loss);
    if (run.loss < 1e-6 || run.loss > 1e6) {
      fail(table, record.line,
           fmt::format("a loss of {:g}; one from 1e-6 to 1e6 nats per token is needed", run.loss));
    }
    run.curve = record.fields[places.curve ? *places.curve : places.parameters];
    data.highest_kept = std::max(data.highest_kept, run.loss);
    data.runs.push_back(run);
  }
  return data;
}

void drop_highest(TrainingData& data, std::int64_t count) {
  if (count == 0) return;
  if (count < 0 || static_cast<std::size_t>(count) >= data.runs.size()) {
    throw engine::Error(engine::ExitCode::bad_input,
                        fmt::format("--drop-highest: must be from 0 to {} here, found {}",
                                    std::max<std::size_t>(data.runs.size(), 1) - 1, count));
  }
  std::vector<double> losses;
  for (const TrainingRun& run : data.runs) losses.push_back(run.loss);
  std::sort(losses.begin(), losses.end(), std::greater<>());
  const double limit = losses[static_cast<std::size_t>(count) - 1];
  data.dropped =
      std::erase_if(data.runs, [&](const TrainingRun& run) { return run.loss >= limit; });
  data.highest_kept = 0.0;
  for (const TrainingRun& run : data.runs) {
    data.highest_kept = std::max(data.highest_kept, run.loss);
  }
  if (data.runs.empty()) {
    throw engine::Error(engine::ExitCode::bad_input,
                        "--drop-highest: all losses are equal, so all would be left out");
  }
}

}  // namespace flopsieve::jobs
