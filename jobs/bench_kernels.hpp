#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

/// The kernels that are timed, each with data of its own: one list for `flopsieve bench` and for
/// benchmarks/.
namespace flopsieve::jobs {

/// Names of the kernels that everything else is compared to: random words alone, the draw and the
/// sums of normal sizes without a verdict, and the copy of an array of doubles.
inline constexpr const char* bare_generator = "philox_words";
inline constexpr const char* bare_fused_kernel = "draw_and_sum/normal";
inline constexpr const char* bare_copy = "copy";
inline constexpr const char* tilted_kernel = "draw_tilted";

struct KernelCase {
  std::string name;
  std::string unit;     ///< of an item: "words", "draws" (one size of one candidate), "numbers"
  double items = 0.0;   ///< per call
  std::string limit;    ///< the case that bounds it from above; "" for one that only bounds
  double demand = 1.0;  ///< items of the limit that one item needs at least
  /// Makes one call of the kernel on its own data, which the function owns. One thread each.
  std::function<std::function<void()>()> make;
};

const std::vector<KernelCase>& kernel_cases();

/// Those of kernel_cases() that draw sizes of the other families, and tilted ones.
std::vector<KernelCase> family_cases();

/// Sizes per candidate, about what the default forecast has.
inline constexpr std::size_t bench_draws = 128;

/// Keeps the compiler from leaving out a call whose results nobody reads.
inline void keep_results(const void* results) {
  asm volatile("" : : "r"(results) : "memory");
}

}  // namespace flopsieve::jobs
