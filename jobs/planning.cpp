#include "jobs/planning.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "engine/cascade.hpp"
#include "engine/error.hpp"
#include "engine/method.hpp"
#include "jobs/clock.hpp"
#include "jobs/embedded.hpp"
#include "jobs/feasibility.hpp"
#include "jobs/job.hpp"
#include "jobs/shell.hpp"
#include "kernels/target.hpp"

namespace flopsieve::jobs {

void demand_few_batches(const engine::Plan& plan) {
  constexpr std::uint64_t most_batches = 1'000'000;
  if (plan.batch_count() > most_batches) {
    throw engine::Error(
        engine::ExitCode::bad_input,
        fmt::format("{} trajectories in batches of {} are more than {} batches; raise "
                    "batch_trajectories (up to 4096) or lower trajectories",
                    plan.trajectories, plan.batch_trajectories, most_batches));
  }
}

engine::Pilot complete_plan(engine::Plan& plan, Force force) {
  prove_feasible_or_throw(plan);
  if (plan.sampling.automatic) plan.sampling = engine::decide_method(plan);
  engine::Pilot pilot = engine::run_pilot(plan);
  plan.cascade = engine::cascade_order(plan.constraints, engine::rejection_rates(plan, pilot));
  plan.automatic_batch = plan.batch_trajectories == 0;
  if (pilot.years.back().tally.survivors == 0) {
    if (force == Force::no) engine::demand_survivors(plan, pilot);
    if (plan.batch_trajectories == 0) plan.batch_trajectories = 1;
  }
  if (plan.batch_trajectories == 0) plan.batch_trajectories = choose_batch_size(plan, pilot);
  demand_few_batches(plan);
  return pilot;
}

std::vector<std::pair<std::string, std::string>> provenance_of(
    const std::vector<std::string>& command_line, int ranks) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return {{"program_version", std::string(program_version())},
          {"git_hash", std::string(git_hash())},
          {"created", utc_now()},
          {"host", host.data()},
          {"command_line", shell_command(command_line)},
          {"instruction_set", std::string(kernels::name(kernels::active_target()))},
          {"ranks", std::to_string(ranks)}};
}

engine::Study make_study(const engine::Plan& plan, const std::vector<std::string>& command_line,
                         int ranks) {
  return {plan, engine::plan_identity(plan), resolved_job(plan),
          provenance_of(command_line, ranks)};
}

}  // namespace flopsieve::jobs
