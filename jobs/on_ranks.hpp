#pragma once

#include <functional>

#include "engine/ranks.hpp"

namespace flopsieve::jobs {

/// Carries out a command and returns its exit code: at once, with nullptr, where this process was
/// started alone. Where mpirun or srun has started several and the program is built with MPI, the
/// root alone carries it out, while the others serve it and return 0 when it is over. The command
/// may not throw.
int on_ranks(const std::function<int(engine::Ranks* ranks)>& command);

}  // namespace flopsieve::jobs
