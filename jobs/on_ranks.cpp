#include "jobs/on_ranks.hpp"

#include <memory>

#include "engine/error.hpp"
#include "engine/rank_run.hpp"
#include "engine/rank_worker.hpp"
#include "jobs/stop.hpp"
#include "jobs/sweep_ranks.hpp"

namespace flopsieve::jobs {
namespace {

/// The root speaks for all.
int serve(const engine::Launch& launch) {
  catch_signals(OnSignal::stop_soon);
  try {
    const std::unique_ptr<engine::Ranks> ranks = engine::join_ranks(launch);
    engine::serve_root(*ranks, stop_flag(), compute_sweep_share);
    return static_cast<int>(engine::ExitCode::done);
  } catch (const engine::Error& error) {
    return static_cast<int>(error.code());
  }
}

}  // namespace

int on_ranks(const std::function<int(engine::Ranks* ranks)>& command) {
  const engine::Launch launch = engine::launch_of_environment();
  if (launch.count == 1 || engine::mpi_version().empty()) return command(nullptr);
  if (launch.rank > 0) return serve(launch);
  const std::unique_ptr<engine::Ranks> ranks = engine::join_ranks(launch);
  const int code = command(ranks.get());
  engine::dismiss(*ranks, code);
  return code;
}

}  // namespace flopsieve::jobs
