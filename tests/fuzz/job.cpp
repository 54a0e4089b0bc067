// A job file of any bytes is refused with file and line, or becomes a Plan that its resolved job
// gives again, and its JSON.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/error.hpp"
#include "engine/plan.hpp"
#include "jobs/base.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"
#include "jobs/embedded.hpp"
#include "jobs/job.hpp"
#include "jobs/sweep.hpp"
#include "tests/fuzz/demand.hpp"

namespace {

using namespace flopsieve;

engine::Plan plan_of(const jobs::Document& job) {
  static const jobs::Calibration calibration =
      jobs::parse_calibration(jobs::embedded_calibration(), "calibration.toml");
  return jobs::plan_from_job(job, calibration);
}

/// A base other than the embedded one is a file, which is not read here.
bool names_file(const jobs::Document& job) {
  const jobs::Entry* base = jobs::find_entry(job.root, "base");
  return base != nullptr && base->value.text != "forecast";
}

/// A design is made, unless it is a file.
void read_sweep(const jobs::Document& job) {
  const jobs::Value* design = jobs::find_key(job, "sweep.design");
  if (design == nullptr || design->text == "csv") return;
  const auto sweep = jobs::parse_sweep(job);
  if (!sweep) return;
  jobs::Document variant = job;
  jobs::put_variant(variant, *sweep, sweep->variants - 1);
}

void demand_same_again(const engine::Plan& plan) {
  const std::string resolved = jobs::resolved_job(plan);
  const engine::Plan again = plan_of(jobs::parse_toml(resolved, "resolved"));
  demand(jobs::resolved_job(again) == resolved, "the resolved job is another job");
  const std::string json = engine::plan_to_json(plan);
  demand(engine::plan_to_json(engine::plan_from_json(json)) == json, "the JSON is another Plan");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    jobs::Document job = jobs::parse_toml(text, "job");
    if (names_file(job)) return 0;
    read_sweep(job);
    demand_same_again(plan_of(jobs::with_base(std::move(job))));
  } catch (const engine::Error& error) {
    demand_refusal(error, "job:");
  }
  return 0;
}
