#include "jobs/bench_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "jobs/embedded.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

/// 1.2345e9 -> "1234.5 M".
std::string in_millions(double rate) {
  const double millions = rate * 1e-6;
  return fmt::format("{:.{}f} M", millions, millions < 10.0 ? 3 : 1);
}

nlohmann::ordered_json json_of(const BenchFigure& figure) {
  nlohmann::ordered_json json{{"name", figure.name},
                              {"target", figure.target},
                              {"backend", figure.backend},
                              {"threads", figure.threads},
                              {"unit", figure.unit},
                              {"per_second", figure.rate.median},
                              {"lowest", figure.rate.lowest},
                              {"highest", figure.rate.highest},
                              {"limit", nullptr},
                              {"limit_per_second", nullptr},
                              {"ratio", nullptr}};
  if (figure.limit_rate) {
    json["limit"] = figure.limit;
    json["limit_per_second"] = *figure.limit_rate;
    json["ratio"] = *figure.ratio();
  }
  return json;
}

}  // namespace

std::optional<double> BenchFigure::ratio() const {
  if (!limit_rate) return std::nullopt;
  return rate.median / *limit_rate;
}

std::string bench_text(const BenchReport& report) {
  TextTable table({"figure", "target", "back end", "threads", "per second", "unit", "limit",
                   "of the limit", "limit is"});
  for (const BenchFigure& figure : report.figures) {
    const bool bounded = figure.limit_rate.has_value();
    table.add({figure.name, figure.target, figure.backend.empty() ? "-" : figure.backend,
               std::to_string(figure.threads), in_millions(figure.rate.median), figure.unit,
               bounded ? in_millions(*figure.limit_rate) : "-",
               bounded ? fmt::format("{:.2f}", *figure.ratio()) : "-",
               bounded ? figure.limit : "-"});
  }
  const Machine& machine = report.machine;
  std::string clocks;
  for (const BenchClock& each : report.clocks) {
    clocks +=
        fmt::format("{}{} {:.2f}", clocks.empty() ? "" : ", ", each.target, each.clock * 1e-9);
  }
  return fmt::format(
      "{}; {} processors, {} cores, {} threads allowed; clock in GHz: {}\n"
      "Medians of {} repetitions, taken in turns; a limit is the speed that this machine's bare "
      "kernel allows.\n\n{}",
      machine.model, machine.processors, machine.cores, machine.threads, clocks, bench_repetitions,
      table.text());
}

std::string bench_json(const BenchReport& report) {
  nlohmann::ordered_json json{{"program", std::string(program_version())},
                              {"git", std::string(git_hash())},
                              {"machine",
                               {{"model", report.machine.model},
                                {"processors", report.machine.processors},
                                {"cores", report.machine.cores},
                                {"threads", report.machine.threads}}},
                              {"quick", report.quick},
                              {"repetitions", bench_repetitions}};
  for (const BenchClock& each : report.clocks) json["clock_hz"][each.target] = each.clock;
  json["figures"] = nlohmann::ordered_json::array();
  for (const BenchFigure& figure : report.figures) json["figures"].push_back(json_of(figure));
  return json.dump(2) + "\n";
}

}  // namespace flopsieve::jobs
