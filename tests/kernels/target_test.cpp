#include "kernels/target.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "kernels/sizes.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

TEST_CASE("A target's name is the one that parses to it") {
  for (const Target target : {Target::scalar, Target::avx2, Target::avx512}) {
    Target parsed = target == Target::scalar ? Target::avx2 : Target::scalar;
    CHECK(parse_target(name(target), parsed));
    CHECK(parsed == target);
  }
  CHECK(name(Target::scalar) == "scalar");
  CHECK(name(Target::avx2) == "avx2");
  CHECK(name(Target::avx512) == "avx512");
}

TEST_CASE("An unknown target name is refused and changes nothing") {
  for (const std::string text : {"", "AVX2", "avx", "avx512 ", "sse4", "neon"}) {
    Target parsed = Target::avx512;
    CHECK_FALSE(parse_target(text, parsed));
    CHECK(parsed == Target::avx512);
  }
}

TEST_CASE("The scalar target is always supported and comes first") {
  const auto targets = supported_targets();
  REQUIRE_FALSE(targets.empty());
  CHECK(targets.front() == Target::scalar);
  CHECK(std::is_sorted(targets.begin(), targets.end()));
  CHECK(std::adjacent_find(targets.begin(), targets.end()) == targets.end());
}

TEST_CASE("The processor's own report agrees with the supported targets") {
#if defined(__x86_64__)
  const auto targets = supported_targets();
  const auto listed = [&](Target target) {
    return std::find(targets.begin(), targets.end(), target) != targets.end();
  };
  CHECK(listed(Target::avx2) == (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
  CHECK(listed(Target::avx512) ==
        (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")));
#else
  WARN("skipped: not an x86-64 processor");
#endif
}

TEST_CASE("A forced target is the active one, also for the kernels that run after it") {
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    CHECK(active_target() == target);
    GroupAddress address;
    GroupShape shape;
    PerLane<float> z{};
    draw_sizes({1, 2}, address, shape, 1, z);
    CHECK(active_target() == target);
  }
}

TEST_CASE("Forcing one target does not hide the others") {
  const test::RestoreTarget restore;
  const auto targets = supported_targets();
  REQUIRE(force_target(Target::scalar));
  for (auto target = targets.rbegin(); target != targets.rend(); ++target) {
    CHECK(force_target(*target));
  }
  REQUIRE(force_target(targets.back()));
  CHECK(supported_targets().back() == targets.back());
}

TEST_CASE("A target that the processor lacks is refused and changes nothing") {
  const test::RestoreTarget restore;
  const auto targets = supported_targets();
  bool tried = false;
  for (const Target target : {Target::avx2, Target::avx512}) {
    if (std::find(targets.begin(), targets.end(), target) != targets.end()) continue;
    const Target before = active_target();
    CHECK_FALSE(force_target(target));
    CHECK(active_target() == before);
    tried = true;
  }
  if (!tried) WARN("skipped: this processor runs every target");
}

}  // namespace
}  // namespace flopsieve::kernels
