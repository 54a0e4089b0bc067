#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "engine/error.hpp"
#include "engine/executor.hpp"
#include "jobs/console.hpp"
#include "jobs/scaling/budget.hpp"
#include "jobs/scaling/commands.hpp"
#include "jobs/scaling/design_text.hpp"
#include "jobs/scaling/shape_options.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

constexpr double most_parameters = 1e15;
constexpr std::int64_t most_rows = 100'000;

/// The smallest model of Hoffmann et al. 2022 (Table A9), all of which have 32,000 entries.
constexpr double least_of_hoffmann = 44e6;

/// As there from that size on; below, bytes, which need no tokenizer and leave nothing unknown.
std::int64_t default_vocabulary(double parameters) {
  return parameters >= least_of_hoffmann ? 32'000 : 256;
}

void demand(bool condition, const std::string& message) {
  if (!condition) throw Error(ExitCode::bad_input, message);
}

const char* option_of(Budget::Of of) {
  switch (of) {
    case Budget::Of::flop:
      return "--flop";
    case Budget::Of::tokens:
      return "--tokens";
    case Budget::Of::parameters:
      break;
  }
  return "--parameters";
}

/// Sets the target, and the law where one is asked.
void set_target(const DesignCommand& command, DesignContent& content) {
  const TokenBudget data = token_budget(command.data);
  const Budget budget = seen(budget_of(command.budget), data);
  content.option = option_of(budget.of);
  double parameters = budget.amount;
  ScalingLaw law = scaling_law(command.law, "--law");
  const bool is_kaplan = law.name == "kaplan";
  if (budget.of == Budget::Of::parameters) {
    demand(data.epochs == 1.0, "--epochs: goes with --flop or --tokens");
  } else {
    const Optimum best = optimum(law, budget, data.worth);
    parameters = best.parameters;
    content.law = {std::move(law), best};
  }
  demand(parameters >= 1.0 && parameters <= most_parameters,
         fmt::format("{}: shapes have from 1 to {:g} parameters; these are {:.6g}", content.option,
                     most_parameters, parameters));
  content.task.target = std::llround(parameters);
  content.task.counted = command.non_embedding || is_kaplan ? Counted::non_embedding : Counted::all;
}

void set_kind(const DesignCommand& command, DesignContent& content) {
  const ShapeOptions options = with_preset(command.shape);
  Shape kind = kind_of_shape(options, Positions::rotary);
  DataOptions data = command.data;
  content.is_default_vocabulary = !data.vocabulary && !options.vocabulary;
  if (!data.vocabulary) {
    data.vocabulary =
        options.vocabulary.value_or(default_vocabulary(static_cast<double>(content.task.target)));
  }
  kind.vocabulary = token_budget(data).vocabulary.value();
  content.has_unknown_entry = kind.vocabulary > *data.vocabulary;
  check_size("--context", kind.context, 1, shape_limits::context);
  if (options.kv_heads) check_size("--kv-heads", *options.kv_heads, 1, shape_limits::heads);
  kind.kv_heads = options.kv_heads.value_or(0);
  content.task.kind = kind;
}

void search(DesignContent& content) {
  content.result = search_designs(content.task);
  const DesignResult& result = content.result;
  const DesignTask& task = content.task;
  demand(result.smallest.has_value(),
         fmt::format("--heads: the grid ({}) has no shape: heads x size must be d_model where only "
                     "one of them is given, --kv-heads must divide heads, and rotary positions "
                     "take an even size",
                     grid_words(task.grid, task.kind.gated)));
  if (result.smallest->parameters <= task.target + task.reach()) return;
  throw Error(result.with_largest_vocabulary ? ExitCode::infeasible : ExitCode::bad_input,
              too_large_text(content));
}

}  // namespace

int scaling_design(const DesignCommand& command) {
  const ReportFormat format =
      parse_report_format(command.output.json ? "json" : command.output.format);
  demand(command.tolerance >= 0.0 && command.tolerance < 1.0,
         fmt::format("--tolerance: a share from 0 to below 1, not {}", command.tolerance));
  demand(command.rows >= 1 && command.rows <= most_rows,
         fmt::format("--rows: from 1 to {}, not {}", most_rows, command.rows));
  DesignContent content;
  set_target(command, content);
  set_kind(command, content);
  DesignTask& task = content.task;
  task.tolerance = command.tolerance;
  task.rows = static_cast<std::size_t>(command.rows);
  task.threads = command.threads > 0 ? command.threads : engine::default_threads();
  task.grid =
      grid_for({command.d_model, command.heads, command.head_size, command.d_ff, command.layers},
               static_cast<double>(task.target));
  search(content);
  print_result(design_text(content, format));
  return static_cast<int>(ExitCode::done);
}

}  // namespace flopsieve::jobs
