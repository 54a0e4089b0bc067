#include "jobs/planning.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "engine/cascade.hpp"
#include "engine/error.hpp"
#include "engine/method.hpp"
#include "engine/sha256.hpp"
#include "jobs/embedded.hpp"
#include "jobs/feasibility.hpp"
#include "jobs/job.hpp"
#include "kernels/target.hpp"

namespace flopsieve::jobs {

engine::Pilot complete_plan(engine::Plan& plan, Force force) {
  prove_feasible_or_throw(plan);
  if (plan.sampling.automatic) plan.sampling = engine::decide_method(plan);
  engine::Pilot pilot = engine::run_pilot(plan);
  plan.cascade = engine::cascade_order(plan.constraints, engine::rejection_rates(plan, pilot));
  if (pilot.years.back().tally.survivors == 0) {
    if (force == Force::no) engine::demand_survivors(plan, pilot);
    if (plan.batch_trajectories == 0) plan.batch_trajectories = 1;
  }
  if (plan.batch_trajectories == 0) plan.batch_trajectories = choose_batch_size(plan, pilot);
  constexpr std::uint64_t most_batches = 1'000'000;
  if (plan.batch_count() > most_batches) {
    throw engine::Error(
        engine::ExitCode::bad_input,
        fmt::format("{} trajectories in batches of {} are more than {} batches; raise "
                    "batch_trajectories (up to 4096) or lower trajectories",
                    plan.trajectories, plan.batch_trajectories, most_batches));
  }
  return pilot;
}

std::uint64_t expected_file_size(const engine::Plan& plan) {
  constexpr std::uint64_t tables = 2'000'000;
  constexpr std::uint64_t bytes_per_candidate_sizes = 8 * 150;
  const std::uint64_t years = plan.year_count();
  std::uint64_t per_trajectory = 0;
  if (plan.outputs.keep >= engine::Keep::index) {
    per_trajectory += 8 + years * (8 + 4 * plan.outputs.thresholds.size());
  }
  if (plan.outputs.keeps_statistics()) {
    per_trajectory += years * 8 * plan.outputs.statistics.size();
  }
  std::uint64_t with_sizes = 0;
  if (plan.outputs.keep == engine::Keep::samples) {
    with_sizes = std::min(plan.trajectories, plan.outputs.keep_samples);
  }
  return tables + plan.trajectories * per_trajectory +
         with_sizes * years * bytes_per_candidate_sizes;
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
