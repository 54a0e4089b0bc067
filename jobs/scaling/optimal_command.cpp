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

/// Throws Error(bad_input) where the law has no optimum of a parameter and a token at least.
Optimum sensible_optimum(const ScalingLaw& law, const Budget& budget, double worth) {
  const Optimum best = optimum(law, budget, worth);
  if (best.parameters >= 1.0 && best.tokens >= 1.0) return best;
  throw Error(ExitCode::bad_input,
              fmt::format("{}: {:.3g} parameters and {:.3g} tokens would be best; a budget of at "
                          "least one of each is needed",
                          law.name, best.parameters, best.tokens));
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
      budget_of(command.budget), token_budget(command.data), command.interval, {}, {}};
  const Budget spent = seen(content.budget, content.data);
  for (ScalingLaw& law : laws_of(command.law)) {
    try {
      const Optimum best = sensible_optimum(law, spent, content.data.worth);
      auto interval = optimum_interval(law, spent, content.data.worth, options);
      content.laws.push_back({std::move(law), best, std::move(interval)});
    } catch (const Error& error) {
      if (command.law != "all") throw;
      content.left_out.push_back(error.what());
    }
  }
  print_result(optimal_text(content, format));
  return static_cast<int>(ExitCode::done);
}

}  // namespace flopsieve::jobs
