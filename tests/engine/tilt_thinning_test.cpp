// What tilted candidates are kept with, against the density of the law and what the tables draw.

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/tilt.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

constexpr double law_mean = 23.0, law_sd = 1.2, law_low = 20.0, law_high = 26.7;

/// ln of the density of a truncated normal x, from the error function.
double log_density(double x) {
  const auto below = [](double at) {
    return 0.5 * std::erfc((law_mean - at) / law_sd / std::sqrt(2.0));
  };
  const double z = (x - law_mean) / law_sd;
  return -0.5 * z * z - 0.5 * std::log(2.0 * std::acos(-1.0)) - std::log(law_sd) -
         std::log(below(law_high) - below(law_low));
}

/// ln of the density of what an alias table draws, at places of the frame.
std::vector<double> log_drawn(const TiltTable& table) {
  const std::uint32_t* alias = table.alias();
  std::vector<double> words(kernels::cell_count);
  for (std::size_t i = 0; i < kernels::cell_count; ++i) {
    const std::uint32_t own = alias[i] >> kernels::cell_bits;
    words[i] += own;
    words[alias[i] & (kernels::cell_count - 1)] += (1u << (32 - kernels::cell_bits)) - own;
  }
  for (double& each : words) each = std::log(each / 4294967296.0 * kernels::cell_count);
  return words;
}

CandidateInputs truncated_inputs(std::uint32_t count, double log10_total) {
  CandidateInputs inputs;
  inputs.parameters = {law_mean, law_sd, law_low, law_high};
  inputs.count = count;
  inputs.log10_total = log10_total;
  return inputs;
}

Plan truncated_plan(double tolerance) {
  Plan plan;
  plan.sizes.family = SizeFamily::truncated_normal;
  plan.matching = {Match::reject, tolerance, {}};
  plan.sampling.method = Method::tilt;
  return plan;
}

struct Tilting {
  std::string name;
  double log10_total;
  std::vector<TiltWindow> windows;
};

std::vector<Tilting> tiltings() {
  constexpr double none = testing::infinity;
  const TiltWindow high{TiltSum::log10_flop, true, -none, none, 24.5, none};
  const TiltWindow low{TiltSum::log10_flop, true, -none, none, -none, 21.5};
  const TiltWindow share{TiltSum::flop, false, 24.03, 25.01, 0.4, 0.6};
  const TiltWindow models{TiltSum::models, false, -none, 22.99, -none, 1.0};
  const TiltWindow many{TiltSum::models, true, 24.01, 25.3, 0.7, none};
  return {{"upwards", 27.2, {}},
          {"downwards", 23.0, {}},
          {"high mean", 26.3, {high}},
          {"low mean", 24.5, {low}},
          {"share", 25.7, {share}},
          {"few small ones", 26.0, {models}},
          {"many middling ones", 25.6, {many}},
          {"share and few", 25.7, {share, models}}};
}

}  // namespace

// Exact but for rounding: an error of 1e-7 in a table, a strength or an edge shows.
TEST_CASE("Thinning takes back what drawing did, and the edges of all windows") {
  constexpr std::uint32_t count = 8;
  constexpr double tolerance = 0.05;
  for (const Tilting& each : tiltings()) {
    INFO(each.name);
    const CandidateInputs inputs = truncated_inputs(count, each.log10_total);
    TiltSteps steps;
    const Tilt tilt = tilt_of(
        truncated_plan(tolerance), {inputs, inputs}, each.windows,
        [](double log_c) { return count * log_c; }, steps);
    const TiltTable& table = *tilt.table;
    REQUIRE(table.strength() != 0.0);
    REQUIRE(table.terms().size() == each.windows.size());
    const Frame frame = table.base().frame();
    const double largest = frame.location + frame.scale;
    const bool raises = table.strength() > 0.0;
    double edges = table.strength() * std::pow(10.0, each.log10_total - largest) *
                   (raises ? 1.0 - tolerance : 1.0 + tolerance);
    for (std::size_t i = 0; i < each.windows.size(); ++i) {
      const TiltWindow& window = each.windows[i];
      const double strength = table.terms()[i].strength;
      double edge = strength > 0.0 ? window.low : window.high;
      if (window.sum == TiltSum::flop) edge *= std::pow(10.0, each.log10_total - largest);
      if (window.sum == TiltSum::log10_flop) edge -= frame.location;
      if (window.per_model) edge *= count;
      edges += strength * edge;
    }
    const std::vector<double> drawn = log_drawn(table);
    double worst = 0.0;
    for (std::uint32_t cell = 0; cell < kernels::cell_count; cell += 5) {
      std::array<float, count> z{};
      double expected = edges;
      for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t own = (cell + i * 511) % kernels::cell_count;
        z[i] = static_cast<float>((own * 4096.0 + 37.0 * i) / 16777216.0);
        expected += log_density(frame.location + frame.scale * static_cast<double>(z[i])) +
                    std::log(frame.scale) - drawn[own] - table.log_constant();
      }
      worst = std::max(worst, std::abs(tilt.log_keep(inputs, z.data(), 1) - expected));
    }
    CHECK(worst < 1e-7);
  }
}

// Otherwise what is kept is not as likely as it should be.
TEST_CASE("Candidates within all windows are kept with a probability") {
  constexpr std::uint32_t count = 8;
  for (const Tilting& each : tiltings()) {
    INFO(each.name);
    const CandidateInputs inputs = truncated_inputs(count, each.log10_total);
    TiltSteps steps;
    const Tilt tilt = tilt_of(
        truncated_plan(0.05), {inputs, inputs}, each.windows,
        [](double log_c) { return count * log_c; }, steps);
    const TiltTable& table = *tilt.table;
    REQUIRE(table.alias() != nullptr);
    const Frame frame = table.base().frame();
    LawStorage storage;
    const kernels::SizeLaw own = table.base().law(inputs, storage);
    double largest = -1e9;
    for (int i = 0; i < 50'000; ++i) {
      const float z = static_cast<float>(i) / 50'000.0f;
      const double above = static_cast<double>(z) * frame.scale;
      const double x = frame.location + above;
      const double m = std::pow(10.0, above - frame.scale);
      double log_share = table.log_share(inputs, own, z) + table.strength() * m;
      for (std::size_t w = 0; w < each.windows.size(); ++w) {
        const TiltWindow& window = each.windows[w];
        if (x < window.from || x >= window.below) continue;
        const double g = window.sum == TiltSum::flop     ? m
                         : window.sum == TiltSum::models ? 1.0
                                                         : above;
        log_share += table.terms()[w].strength * g;
      }
      largest = std::max(largest, log_share);
    }
    CHECK(largest <= 1e-12);
    CHECK(largest > -0.1);
  }
}

}  // namespace flopsieve::engine
