#include <fmt/format.h>

#include "engine/error.hpp"
#include "engine/executor.hpp"
#include "jobs/console.hpp"
#include "jobs/scaling/budget.hpp"
#include "jobs/scaling/commands.hpp"
#include "jobs/scaling/optimal_text.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

IntervalOptions interval_options(const OptimalCommand& command) {
  if (!(command.interval > 0.0 && command.interval < 1.0)) {
    throw Error(ExitCode::bad_input,
                fmt::format("--interval: a probability between 0 and 1, not {}", command.interval));
  }
  constexpr std::int64_t least = 1000;
  constexpr std::int64_t most = 10'000'000;
  if (command.draws < least || command.draws > most) {
    throw Error(ExitCode::bad_input,
                fmt::format("--draws: from {} to {}, not {}", least, most, command.draws));
  }
  return {command.interval, command.draws, command.seed,
          command.threads > 0 ? command.threads : engine::default_threads()};
}

std::vector<ScalingLaw> laws_of(const std::string& name) {
  if (name == "all") return scaling_laws();
  return {scaling_law(name, "--law")};
}

}  // namespace

int scaling_optimal(const OptimalCommand& command) {
  const ReportFormat format =
      parse_report_format(command.output.json ? "json" : command.output.format);
  const IntervalOptions options = interval_options(command);
  OptimalContent content{
      budget_of(command.budget), token_budget(command.data), command.interval, {}};
  const Budget spent = seen(content.budget, content.data);
  for (ScalingLaw& law : laws_of(command.law)) {
    const Optimum best = optimum(law, spent, content.data.worth);
    auto interval = optimum_interval(law, spent, content.data.worth, options);
    content.laws.push_back({std::move(law), best, std::move(interval)});
  }
  print_result(optimal_text(content, format));
  return static_cast<int>(ExitCode::done);
}

}  // namespace flopsieve::jobs
