#include "engine/error.hpp"
#include "jobs/console.hpp"
#include "jobs/scaling/commands.hpp"
#include "jobs/scaling/parameters_text.hpp"
#include "jobs/scaling/shape_options.hpp"

namespace flopsieve::jobs {

int scaling_parameters(const ParametersCommand& command) {
  const ReportFormat format =
      parse_report_format(command.output.json ? "json" : command.output.format);
  const Shape shape = shape_of(command.shape);
  print_result(parameters_text(
      {command.shape.preset, shape, count_parameters(shape), count_flop(shape)}, format));
  return static_cast<int>(engine::ExitCode::done);
}

}  // namespace flopsieve::jobs
