// The law of a normal draw far out, from its definition rather than from a sample: the radius takes
// 2^31 equally likely values, the angle 2^32, as good as continuous. P(|z| > t) is the mean over
// the radii r of P(|cos| > t / r) = 2/pi arccos(t / r).

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "kernels/normal_pair.hpp"

namespace flopsieve::kernels {
namespace {

constexpr std::uint32_t radii = std::uint32_t{1} << 31;

/// The angle 0 has cosine 1.
double radius(std::uint32_t index) {
  return static_cast<double>(normal_pair({2 * index, 0}).first);
}

/// The radius falls with its index: all that exceed t lie below about exp(-t^2 / 2) 2^31. Every
/// `step`-th counts for `step`.
double drawn_tail(double t, std::uint32_t step) {
  double sum = 0.0;
  for (std::uint64_t i = step / 2; i < radii; i += step) {
    const double r = radius(static_cast<std::uint32_t>(i));
    if (r < t - 1e-3) break;
    if (r > t) sum += std::acos(t / r);
  }
  return sum * step * 2.0 / std::numbers::pi / radii;
}

double deviation(double t, std::uint32_t step) {
  return drawn_tail(t, step) / std::erfc(t / std::sqrt(2.0)) - 1.0;
}

TEST_CASE("The tail of a normal draw is right up to 6 standard deviations") {
  for (const double t : {1.0, 2.0, 3.0}) {
    INFO("beyond " << t << ": " << deviation(t, 513));
    CHECK(std::abs(deviation(t, 513)) < 1e-6);
  }
  for (const double t : {4.0, 4.5, 5.0}) {
    INFO("beyond " << t << ": " << deviation(t, 1));
    CHECK(std::abs(deviation(t, 1)) < 1e-5);
  }
  for (const double t : {5.5, 5.75, 6.0}) {
    INFO("beyond " << t << ": " << deviation(t, 1));
    CHECK(std::abs(deviation(t, 1)) < 2e-3);
  }
}

TEST_CASE("A normal draw reaches 6.66 standard deviations and no further") {
  CHECK(radius(0) == Approx(std::sqrt(2.0 * 32.0 * std::log(2.0))).epsilon(1e-6));
  for (const double t : {6.1, 6.2, 6.3, 6.4}) {
    INFO("beyond " << t << ": " << deviation(t, 1));
    CHECK(std::abs(deviation(t, 1)) < 0.02);
  }
  CHECK(deviation(6.5, 1) == Approx(-0.19).margin(0.01));
  CHECK(drawn_tail(6.661, 1) == 0.0);
}

TEST_CASE("The radius never grows with its word") {
  double previous = radius(0);
  for (std::uint64_t i = 1; i < radii; i = i < 100000 ? i + 1 : i + i / 1000) {
    const double r = radius(static_cast<std::uint32_t>(i));
    REQUIRE(r <= previous);
    previous = r;
  }
  CHECK(previous >= 0.0);
}

}  // namespace
}  // namespace flopsieve::kernels
