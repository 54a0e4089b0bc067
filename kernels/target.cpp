#include "kernels/target.hpp"

#include <array>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/target.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

std::int64_t CompiledTarget() {
  return HWY_TARGET;
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {
namespace {

HWY_EXPORT(CompiledTarget);

constexpr std::array all_targets = {Target::scalar, Target::avx2, Target::avx512};

std::int64_t highway_bit(Target target) {
  switch (target) {
    case Target::avx2:
      return HWY_AVX2;
    case Target::avx512:
      return HWY_AVX3;
    case Target::scalar:
      break;
  }
  return HWY_STATIC_TARGET;
}

}  // namespace

std::string_view name(Target target) {
  constexpr std::array<std::string_view, 3> names = {"scalar", "avx2", "avx512"};
  return names[static_cast<std::size_t>(target)];
}

std::vector<Target> supported_targets() {
  const std::int64_t bits = hwy::SupportedTargets();
  std::vector<Target> targets;
  for (const Target target : all_targets) {
    if (target == Target::scalar || (bits & highway_bit(target)) != 0) targets.push_back(target);
  }
  return targets;
}

Target active_target() {
  const std::int64_t compiled = HWY_DYNAMIC_DISPATCH(CompiledTarget)();
  for (const Target target : all_targets) {
    if (highway_bit(target) == compiled) return target;
  }
  return Target::scalar;
}

bool force_target(Target target) {
  const std::int64_t bit = highway_bit(target);
  if (target != Target::scalar && (hwy::SupportedTargets() & bit) == 0) return false;
  hwy::GetChosenTarget().Update(bit);
  return true;
}

bool parse_target(std::string_view text, Target& target) {
  for (const Target candidate : all_targets) {
    if (name(candidate) == text) {
      target = candidate;
      return true;
    }
  }
  return false;
}

}  // namespace flopsieve::kernels
#endif
