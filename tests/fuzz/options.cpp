// Numbers of any bytes on the command line are refused with exit code 2 or 3, or accepted. Each
// line of the input is one of them: its first character says which.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "jobs/commands.hpp"
#include "jobs/export_tables.hpp"
#include "jobs/metric.hpp"
#include "jobs/shell.hpp"
#include "jobs/time_limit.hpp"
#include "jobs/yearly.hpp"
#include "tests/fuzz/demand.hpp"

namespace {

using namespace flopsieve;

void demand_answer(std::vector<std::string> words) {
  words.insert(words.begin(), "flopsieve");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  const int code = jobs::run_cli(static_cast<int>(pointers.size()), pointers.data());
  demand(code == 0 || code == 2 || code == 3, "exit code " + std::to_string(code));
}

/// Options of commands whose file does not exist: they end with 2 at the latest there.
bool try_other_command(char which, const std::string& text) {
  const std::string file = "/dev/null/no";
  if (which == 'T') {
    demand_answer({"run", file, "--threads=" + text});
  } else if (which == 'r') {
    demand_answer({"replay", file, "--trajectory=" + text});
  } else if (which == 'b') {
    demand_answer({"replay", file, "--batch=" + text});
  } else if (which == 'Y') {
    demand_answer({"replay", file, "--trajectory=0", "--year=" + text});
  } else {
    return false;
  }
  return true;
}

void parse_limit(const std::string& text) {
  const auto seconds = jobs::time_limit_seconds(text);
  // "auto" alone may be nothing, or negative: the environment of a Slurm job.
  if (text != "auto") demand(seconds && *seconds > 0.0 && *seconds < 4e8, "limit " + text);
}

void parse_shard(const std::string& text) {
  const engine::Shard shard = jobs::parse_shard(text);
  demand(shard.index < shard.count, "shard " + text);
}

void parse_quantiles(const std::string& text) {
  for (const double each : jobs::parse_quantiles(text)) {
    demand(each >= 0.0 && each <= 1.0, "quantiles " + text);
  }
}

void parse_years(const std::string& text) {
  const auto [first, last] = jobs::parse_year_range(text, [](const std::string& message) {
    throw engine::Error(engine::ExitCode::bad_input, message);
  });
  demand(first <= last, "years " + text);
}

void parse_metric(const std::string& text) {
  const jobs::Metric metric = jobs::parse_metric(text);
  const jobs::Metric again = jobs::parse_metric(metric.text());
  demand(again.text() == metric.text() && again.threshold == metric.threshold, "metric " + text);
}

/// Texts that a function reads, which throws what it refuses.
bool try_parser(char which, const std::string& text) {
  try {
    if (which == 'l') {
      parse_limit(text);
    } else if (which == 'h') {
      parse_shard(text);
    } else if (which == 'q') {
      parse_quantiles(text);
    } else if (which == 'y') {
      parse_years(text);
    } else if (which == 'm') {
      parse_metric(text);
    } else {
      return false;
    }
  } catch (const engine::Error& error) {
    demand_refusal(error, "");
  }
  return true;
}

std::string option(const std::string& line) {
  if (line[0] == 's') return "--seed=" + line.substr(1);
  if (line[0] == 't') return "--trajectories=" + line.substr(1);
  return "--set=" + line.substr(1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream input(std::string(reinterpret_cast<const char*>(data), size));
  std::vector<std::string> config{"config"};
  for (std::string line; std::getline(input, line);) {
    if (line.empty()) continue;
    const std::string text = line.substr(1);
    if (try_other_command(line[0], text) || try_parser(line[0], text)) continue;
    config.push_back(option(line));
  }
  if (config.size() > 1) demand_answer(config);
  return 0;
}
