#include "jobs/scaling/optimal_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "jobs/csv_rows.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using Json = nlohmann::ordered_json;
using Ends = std::optional<std::pair<double, double>>;

const char* word(Budget::Of of) {
  switch (of) {
    case Budget::Of::flop:
      return "FLOP";
    case Budget::Of::tokens:
      return "tokens";
    case Budget::Of::parameters:
      break;
  }
  return "parameters";
}

/// A number of the optimum, as every format shows it.
struct Number {
  const char* name;  ///< in CSV and JSON
  std::optional<double> value;
  Ends ends;  ///< none where the budget fixes it
};

std::vector<Number> numbers(const LawOptimum& row, Budget::Of fixed) {
  const Optimum& best = row.optimum;
  const auto ends = [&](auto member) -> Ends {
    if (!row.interval) return {};
    return (*row.interval).*member;
  };
  std::vector<Number> all = {
      {"flop", best.flop, ends(&OptimumInterval::flop)},
      {"parameters", best.parameters, ends(&OptimumInterval::parameters)},
      {"tokens", best.tokens, ends(&OptimumInterval::tokens)},
      {"tokens_per_parameter", best.tokens / best.parameters, ends(&OptimumInterval::ratio)},
      {"loss", best.loss, row.interval ? row.interval->loss : Ends{}}};
  const auto place = fixed == Budget::Of::flop ? 0u : fixed == Budget::Of::parameters ? 1u : 2u;
  all[place].ends.reset();
  return all;
}

std::string cell(const Number& number) {
  if (!number.value) return "-";
  const std::string_view name = number.name;
  const auto text = [&](double value) {
    if (name == "loss") return fmt::format("{:.4f}", value);
    if (name == "tokens_per_parameter") return fmt::format("{:.4g}", value);
    return amount_text(value);
  };
  if (!number.ends) return text(*number.value);
  return fmt::format("{} [{}, {}]", text(*number.value), text(number.ends->first),
                     text(number.ends->second));
}

/// Lines of at most 100 characters, all but the first indented.
std::string wrapped(const std::string& text) {
  constexpr std::size_t width = 100;
  std::string lines;
  std::string line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > width) {
      lines += line + "\n";
      line = "   ";
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return lines + line + "\n";
}

/// What is done with the data before a law is asked.
std::string data_lines(const OptimalContent& content) {
  const TokenBudget& data = content.data;
  std::string text;
  if (data.kept_share < 1.0) {
    text += fmt::format("Unknown tokens are skipped: {:.4g} % of the tokens are left",
                        100.0 * data.kept_share);
    if (content.budget.of == Budget::Of::tokens) {
      text += ", " + amount_text(data.kept_share * content.budget.amount);
    }
    text += ".\n";
  }
  if (data.vocabulary) {
    text += fmt::format("Vocabulary: {} entries.\n",
                        grouped(static_cast<unsigned long long>(*data.vocabulary)));
  }
  if (data.epochs > 1.0) {
    text += fmt::format(
        "The data are seen {:g} times; a token seen is worth {:.4g} fresh ones (Muennighoff et al. "
        "2023).\n",
        data.epochs, data.worth);
  }
  return text;
}

std::string table(const OptimalContent& content) {
  std::string text = fmt::format("Compute-optimal training with {} {} (C = 6 N D)\n\n",
                                 amount_text(content.budget.amount), word(content.budget.of));
  const std::string data = data_lines(content);
  if (!data.empty()) text += data + "\n";
  bool intervals = false;
  std::vector<std::string> heading = {"law", "FLOP", "parameters", "tokens", "tokens/parameter",
                                      "loss"};
  // What the first line says already; not tokens, which may be skipped or repeated.
  const std::size_t known = content.budget.of == Budget::Of::flop         ? 1
                            : content.budget.of == Budget::Of::parameters ? 2
                                                                          : heading.size();
  const auto without = [&](std::vector<std::string> row) {
    if (known < row.size()) row.erase(row.begin() + static_cast<std::ptrdiff_t>(known));
    return row;
  };
  TextTable rows(without(heading));
  for (const LawOptimum& each : content.laws) {
    std::vector<std::string> row = {each.law.name};
    for (const Number& number : numbers(each, content.budget.of)) row.push_back(cell(number));
    rows.add(without(std::move(row)));
    intervals = intervals || each.interval;
  }
  text += rows.text();
  if (content.data.epochs > 1.0) text += "Tokens: seen in training, each time counted.\n";
  if (intervals) {
    text +=
        fmt::format("[...]: {:g} % intervals from the uncertainty of the law's constants alone.\n",
                    100.0 * content.probability);
  }
  text += "\n";
  for (const std::string& why : content.left_out) text += wrapped("Left out: " + why + ".");
  for (const LawOptimum& each : content.laws) {
    const std::string note = each.law.note.empty() ? "" : ". Note: " + each.law.note;
    text += wrapped(fmt::format("{}: {}{}.", each.law.name, each.law.source, note));
  }
  return text;
}

std::string csv(const OptimalContent& content) {
  std::string text = "law";
  for (const char* name : {"flop", "parameters", "tokens", "tokens_per_parameter", "loss"}) {
    text += fmt::format(",{0},{0}_low,{0}_high", name);
  }
  text += "\n";
  for (const LawOptimum& each : content.laws) {
    text += csv_quoted(each.law.name);
    for (const Number& number : numbers(each, content.budget.of)) {
      text += number.value ? fmt::format(",{}", *number.value) : ",";
      text += number.ends ? fmt::format(",{},{}", number.ends->first, number.ends->second) : ",,";
    }
    text += "\n";
  }
  return text;
}

Json to_json(const OptimalContent& content) {
  Json json;
  json["budget"] = {{"of", word(content.budget.of)}, {"amount", content.budget.amount}};
  json["data"] = {{"kept_share", content.data.kept_share},
                  {"epochs", content.data.epochs},
                  {"worth_of_a_token", content.data.worth}};
  if (content.data.vocabulary) json["data"]["vocabulary"] = *content.data.vocabulary;
  json["interval_probability"] = content.probability;
  json["laws"] = Json::array();
  for (const LawOptimum& each : content.laws) {
    Json law = {{"law", each.law.name}, {"source", each.law.source}, {"note", each.law.note}};
    for (const Number& number : numbers(each, content.budget.of)) {
      law[number.name] = number.value ? Json(*number.value) : Json();
      law[std::string(number.name) + "_interval"] =
          number.ends ? Json{number.ends->first, number.ends->second} : Json();
    }
    json["laws"].push_back(std::move(law));
  }
  json["left_out"] = content.left_out;
  return json;
}

}  // namespace

std::string optimal_text(const OptimalContent& content, ReportFormat format) {
  switch (format) {
    case ReportFormat::csv:
      return csv(content);
    case ReportFormat::json:
      return to_json(content).dump(2) + "\n";
    case ReportFormat::table:
      break;
  }
  return table(content);
}

}  // namespace flopsieve::jobs
