#pragma once

#include <functional>

#include "jobs/scaling/commands.hpp"

namespace CLI {
class App;
}

namespace flopsieve::jobs {

/// Where the options of flopsieve scaling are put.
struct ScalingCommands {
  OptimalCommand optimal;
  ParametersCommand parameters;
  DesignCommand design;
  FitCommand fit;
};

/// Adds flopsieve scaling and its subcommands; `chosen` becomes the one of the command line.
void add_scaling(CLI::App& app, ScalingCommands& all, std::function<int()>& chosen);

}  // namespace flopsieve::jobs
