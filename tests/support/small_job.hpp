#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "engine/error.hpp"
#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"
#include "jobs/embedded.hpp"
#include "jobs/job.hpp"

/// A small job and what tests of the job parser do with it.
namespace flopsieve::test {

inline const std::string small_job = R"(years = "2024-2026"
seed = 7
[total]
model = "growth"
base_year = 2023
base_flop = 1.350e26
growth = 4
noise = { uniform = [-0.5, 0.5] }
[money]
flop_per_usd = 2e17
[models]
count = { uniform = [20, 80] }
sizes = "skew_normal"
sd = { uniform = [1.4, 2] }
skewness = { uniform = [-0.9, 0.1] }
mean = { uniform = [22, 27] }
match = "shift"
[[constraint]]
statistic = "largest_share"
min = 0.05
max = 0.5
[outputs]
thresholds = [1e24, 1e25, 1e26]
)";

/// The text with one passage, which must be there, replaced.
inline std::string edited(std::string text, const std::string& old, const std::string& now) {
  const std::size_t position = text.find(old);
  REQUIRE(position != std::string::npos);
  return text.replace(position, old.size(), now);
}

inline jobs::Calibration default_calibration() {
  return jobs::parse_calibration(jobs::embedded_calibration(), "calibration");
}

inline engine::Plan plan_of(const std::string& text) {
  const jobs::Document document = jobs::parse_toml(text, "job.toml");
  return jobs::plan_from_job(document, default_calibration());
}

/// What the parser says to a job; "no error" if it takes it.
inline std::string complaint(const std::string& text) {
  try {
    plan_of(text);
  } catch (const engine::Error& error) {
    return error.what();
  }
  return "no error";
}

/// The plan of the job, after a check that the resolved job gives the same.
inline engine::Plan round_trip(const std::string& text) {
  const engine::Plan plan = plan_of(text);
  const std::string resolved = jobs::resolved_job(plan);
  INFO(resolved);
  CHECK(engine::plan_to_json(plan_of(resolved)) == engine::plan_to_json(plan));
  const std::string again = jobs::resolved_job(plan_of(resolved));
  CHECK(jobs::differing_keys(jobs::job_values(resolved), jobs::job_values(again)).empty());
  return plan;
}

}  // namespace flopsieve::test
