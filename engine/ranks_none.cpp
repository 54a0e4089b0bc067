#include <fmt/format.h>

#include "engine/error.hpp"
#include "engine/ranks.hpp"

/// In place of ranks_mpi.cpp where the program is built without MPI.
namespace flopsieve::engine {

std::string mpi_version() {
  return "";
}

std::unique_ptr<Ranks> join_ranks(const Launch& launch) {
  throw Error(ExitCode::bad_input,
              fmt::format("started as one of {} ranks, but this flopsieve was built without MPI",
                          launch.count));
}

}  // namespace flopsieve::engine
