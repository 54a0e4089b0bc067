#include "jobs/sweep_variants.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "engine/cascade.hpp"
#include "engine/error.hpp"
#include "engine/method.hpp"
#include "engine/sha256.hpp"
#include "engine/sieve.hpp"
#include "engine/sweep_study.hpp"
#include "jobs/feasibility.hpp"
#include "jobs/job.hpp"
#include "jobs/metric.hpp"
#include "jobs/planning.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;
using engine::Method;
using engine::PilotLimits;
using engine::PilotYear;
using engine::Plan;

constexpr std::uint64_t batch_without_pilot = 64;

/// A short look: will the base's method do for this variant?
constexpr PilotLimits glance{.survivors = 4, .many = 1024, .few = 4, .most = 1024, .lot = 32};
/// Is there a survivor at all?
constexpr PilotLimits search{
    .survivors = 1, .many = 1'000'000, .few = 1, .most = 1'000'000, .lot = 256};
/// Attempts for so many times as many as a survivor needs, because trajectories differ.
constexpr double spare_attempts = 10.0;

Sweep sweep_of(const Document& job) {
  auto sweep = parse_sweep(job);
  if (!sweep) TableReader(job).fail("the job has no [sweep]");
  return std::move(*sweep);
}

/// The job of the base, with `keep` where it says nothing about it.
Document without_sweep(Document job) {
  std::erase_if(job.root.entries, [](const Entry& entry) { return entry.key == "sweep"; });
  const Value* keep = find_key(job, "outputs.keep");
  if (keep == nullptr) {
    set_key(job, "outputs.keep", "summary");
  } else if (keep->kind == ValueKind::string && keep->text != "summary") {
    fail_at_value(*keep, fmt::format("outputs.keep: a sweep keeps summaries only; write keep = "
                                     "\"summary\", and for the samples of one variant: flopsieve "
                                     "run JOB --set KEY=VALUE ... --set outputs.keep={}",
                                     keep->text));
  }
  return job;
}

/// Whether first attempts find survivors so easily that nothing need be decided.
bool is_easy(const Plan& plan) {
  if (plan.sampling.method == Method::split) return false;
  engine::Sieve sieve(plan, engine::Purpose::pilot);
  for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
    const PilotYear found = engine::pilot_year(plan, sieve, year, glance);
    if (found.tally.survivors < glance.survivors) return false;
    const double enough = spare_attempts / found.pass_rate();
    if (plan.attempts > 1 && static_cast<double>(plan.attempts) < enough) return false;
  }
  return true;
}

/// Gives the Plan the method of the base if that will do.
bool takes_method_of(const Plan& base, Plan& plan) {
  plan.sampling = base.sampling;
  plan.sampling.reason = "the method of the sweep's base";
  try {
    return is_easy(plan);
  } catch (const Error&) {
    return false;  // what one method cannot draw may be for another
  }
}

void demand_survivor(const Plan& plan, const PilotYear& found, std::uint32_t year) {
  if (found.tally.survivors > 0) return;
  const std::string why =
      found.why.empty() ? fmt::format("none of {} trial candidates meets every constraint: {}",
                                      found.tally.candidates, killer_sentence(plan, found.tally))
                        : found.why;
  throw Error(ExitCode::budget, fmt::format("{}: {}", plan.years[year], why));
}

/// Throws Error(budget) if some year has no survivor.
void demand_survivors(const Plan& plan) {
  if (plan.sampling.method == Method::split) {
    for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
      demand_survivor(plan, engine::split_pilot_year(plan, year), year);
    }
    return;
  }
  engine::Sieve sieve(plan, engine::Purpose::pilot);
  for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
    demand_survivor(plan, engine::pilot_year(plan, sieve, year, search), year);
  }
}

/// Decides on the method where the job leaves that open, and makes sure of a survivor.
void decide(Plan& plan, const Plan* base) {
  if (plan.sampling.automatic) {
    if (base != nullptr && takes_method_of(*base, plan)) return;
    plan.sampling = engine::decide_method(plan);
  } else if (is_easy(plan)) {
    return;
  }
  demand_survivors(plan);
}

std::string identity_of(const Plan& base, const Sweep& sweep) {
  engine::Sha256 hash;
  hash.update(fmt::format("{}\n{}\ncommon_random_numbers={}\n", engine::plan_identity(base),
                          sweep.design, sweep.common_random_numbers));
  for (const SweepKey& key : sweep.keys) hash.update(key.swept.name + "\n");
  for (std::uint64_t v = 0; v < sweep.variants; ++v) {
    hash.update(canonical_settings(sweep, v));
    hash.update("\n");
  }
  return hash.hex();
}

}  // namespace

JobVariants::JobVariants(const Document& job)
    : sweep_(sweep_of(job)), calibration_(calibration_for(job)) {
  if (const Entry* backtest = find_entry(job.root, "backtest")) {
    fail_at_value(backtest->value, "a job cannot have both [backtest] and [sweep]");
  }
  job_ = without_sweep(job);
  base_ = plan_from_job(job_, calibration_);
  demand_known_metrics(job);
  for (const SweepKey& key : sweep_.keys) keys_.push_back(key.swept);
  shares_state_ = base_.state.points > 0 &&
                  std::none_of(keys_.begin(), keys_.end(), [](const engine::SweptKey& key) {
                    return key.name.starts_with("state_space");
                  });
  demand_known_keys();
  identity_ = identity_of(base_, sweep_);
}

/// A key that no job has is one mistake, not one of each variant. The entries of a list may have
/// different keys.
void JobVariants::demand_known_keys() const {
  if (sweep_.design == "list") return;
  Document job = job_;
  put_variant(job, sweep_, 0);
  try {
    plan_from_job(job, calibration_);
  } catch (const UnknownKey&) {
    throw;
  } catch (const Error&) {
    // What is wrong with a value is said of each variant that has it.
  }
}

/// Before days of work.
void JobVariants::demand_known_metrics(const Document& job) const {
  const MetricAxes axes = axes_of(base_);
  for (const std::string& text : sweep_.sensitivity) {
    try {
      place_of(parse_metric(text), axes, "the sweep");
    } catch (const Error& error) {
      fail_at_value(*find_key(job, "sweep.sensitivity"),
                    fmt::format("sweep.sensitivity: {}", error.what()));
    }
  }
}

void JobVariants::demand_common(const Plan& plan, std::uint64_t variant) const {
  const std::vector<std::string> common = engine::rejector_names(base_);
  const std::vector<std::string> own = engine::rejector_names(plan);
  if (own == common) return;
  throw Error(ExitCode::bad_input,
              fmt::format("{}: candidates would be rejected by {}, those of the base by {}; all "
                          "variants must have the same constraints and matching",
                          place_of(sweep_.keys.front(), variant), fmt::join(own, ", "),
                          fmt::join(common, ", ")));
}

Plan JobVariants::stated_plan(std::uint64_t variant) const {
  Document job = job_;
  put_variant(job, sweep_, variant);
  Plan plan = plan_from_job(job, calibration_, shares_state_ ? &base_.state : nullptr);
  demand_common(plan, variant);
  plan.seed = variant_seed(plan.seed, sweep_, variant);
  plan.batch_trajectories = base_.batch_trajectories;
  plan.automatic_batch = base_.automatic_batch;
  if (base_runs_) plan.cascade = base_.cascade;
  return plan;
}

void JobVariants::resolve() {
  const Plan stated = base_;
  try {
    pilot_ = complete_plan(base_, Force::no);
    base_runs_ = true;
  } catch (const Error& error) {
    const bool rare = error.code() == ExitCode::infeasible || error.code() == ExitCode::budget;
    if (!rare && dynamic_cast<const engine::TooWide*>(&error) == nullptr) throw;
    base_ = stated;
    base_.automatic_batch = base_.batch_trajectories == 0;
    if (base_.automatic_batch) base_.batch_trajectories = batch_without_pilot;
    demand_few_batches(base_);
  }
  identity_ = identity_of(base_, sweep_);
}

Plan JobVariants::plan(std::uint64_t variant) const {
  Plan plan = stated_plan(variant);
  prove_feasible_or_throw(plan);
  decide(plan, base_runs_ ? &base_ : nullptr);
  return plan;
}

engine::SweepStudy sweep_study(const JobVariants& variants,
                               const std::vector<std::string>& command_line, int ranks) {
  const Plan& base = variants.base();
  return engine::study_of_sweep(variants, resolved_job(base), variants.sweep().text,
                                make_study(base, command_line, ranks).provenance);
}

}  // namespace flopsieve::jobs
