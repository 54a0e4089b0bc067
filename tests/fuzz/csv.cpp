// A CSV of models, or a calibration, of any bytes is refused with its name, or gives figures that
// their TOML gives again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/error.hpp"
#include "jobs/calibrate.hpp"
#include "jobs/calibration.hpp"
#include "jobs/csv.hpp"
#include "tests/fuzz/demand.hpp"

namespace {

using namespace flopsieve;

void demand_same_again(const jobs::Calibration& calibration) {
  const std::string written = jobs::calibration_toml(calibration);
  demand(jobs::calibration_toml(jobs::parse_calibration(written, "written")) == written,
         "the calibration is read as another one");
}

template <class Read>
void demand_figures_or_refusal(const Read& read) {
  try {
    demand_same_again(read());
  } catch (const engine::Error& error) {
    demand_refusal(error, "input");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  demand_figures_or_refusal([&] {
    jobs::CalibrateOptions options;
    options.created = "2024-01-01";
    options.tool_version = "0";
    return jobs::calibrate(jobs::parse_csv(text, "input"), options);
  });
  demand_figures_or_refusal([&] { return jobs::parse_calibration(text, "input"); });
  return 0;
}
