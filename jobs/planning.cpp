#include "jobs/planning.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "engine/sha256.hpp"
#include "jobs/embedded.hpp"
#include "jobs/feasibility.hpp"
#include "jobs/job.hpp"
#include "kernels/target.hpp"

namespace flopsieve::jobs {

engine::Pilot complete_plan(engine::Plan& plan, Force force) {
  prove_feasible_or_throw(plan);
  engine::Pilot pilot = engine::run_pilot(plan);
  if (pilot.years.back().tally.survivors == 0) {
    if (force == Force::no) engine::demand_survivors(plan, pilot);
    if (plan.batch_trajectories == 0) plan.batch_trajectories = 1;
  }
  if (plan.batch_trajectories == 0) plan.batch_trajectories = choose_batch_size(plan, pilot);
  return pilot;
}

engine::Study make_study(const engine::Plan& plan, const std::vector<std::string>& command_line) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const std::string calibration(embedded_calibration());
  return {plan,
          engine::plan_identity(plan),
          resolved_job(plan),
          {{"program_version", std::string(program_version())},
           {"git_hash", std::string(git_hash())},
           {"created", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
           {"host", host.data()},
           {"command_line", fmt::format("{}", fmt::join(command_line, " "))},
           {"instruction_set", std::string(kernels::name(kernels::active_target()))},
           {"embedded_calibration_sha256", engine::sha256_hex(calibration)}}};
}

}  // namespace flopsieve::jobs
