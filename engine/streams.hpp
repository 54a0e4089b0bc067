#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernels/philox.hpp"

namespace flopsieve::engine {

/// What a random word is for. The numbers are part of every result: never reuse or change one; a
/// new input gets a new number, so that it shifts the draws of no other.
///
/// The pilot draws the same inputs from streams of its own, pilot_offset higher, with the same use
/// of trajectory, year and attempt; so its decisions never look at the draws of the run.
enum class Stream : std::uint8_t {
  growth_noise = 1,      ///< one uniform per resampling
  year_total = 2,        ///< likewise, for totals given per year
  count = 3,             ///< likewise: the count itself
  count_mean = 4,        ///< likewise: the mean of a Poisson count
  count_trend = 5,       ///< per trajectory: coefficients, chi-square normals (trend_draw.hpp)
  count_residual = 6,    ///< per trajectory and year, one uniform
  size_sd = 7,           ///< one uniform per resampling
  size_skewness = 8,     ///< likewise
  size_mean = 9,         ///< likewise; not drawn with match = "shift"
  acceptance = 10,       ///< one uniform: match = "shift" and "last"
  sizes = 11,            ///< as the family's kernel says
  total_parameter = 12,  ///< one uniform per resampling, from first_index(slot) on
  count_parameter = 13,  ///< likewise
  size_parameter = 14,   ///< likewise
  mixture = 15,          ///< likewise, slots 3i, 3i + 1, 3i + 2: weight, mean, sd of component i
  soft = 16,             ///< at the constraint's address: one uniform; of the trajectory where
                         ///< that holds a ceiling
  dates = 17,            ///< the date of the model at place j of the draws
  revenue = 18,          ///< the j-th largest model's revenue
  largest_size = 19,     ///< one uniform: the largest size (match = "last")
  total_trend = 20,      ///< per trajectory, as count_trend
  total_residual = 21,   ///< per trajectory and year, one uniform
  state_path = 22,       ///< per trajectory, in order (state_path.hpp)
  thinning = 23,         ///< of a tilted candidate: kept, part of the mixture, k, from 3 on the
                         ///< parameters of its law of sizes (tilt_mix.hpp)
  splitting = 32,        ///< normals of multilevel splitting, and its choice of a survivor: the
                         ///< attempt is made of level, particle and step (split.hpp)
  pilot_offset = 128
};

/// A candidate of the run, or a place in it. year_index counts from the job's first year.
struct Address {
  std::uint64_t trajectory = 0;  ///< below 2^40
  std::uint64_t attempt = 0;     ///< below 2^40
  std::uint32_t year_index = 0;  ///< below 255; per_trajectory for what has no year
};

inline constexpr std::uint32_t per_trajectory = 255;

/// So often a draw is repeated before a job is given up.
inline constexpr std::uint32_t most_redraws = 10'000;

/// Where the uniforms of a parameter start in a stream that several share.
constexpr std::uint32_t first_index(std::uint32_t slot) {
  return slot << 14;
}
static_assert(most_redraws < first_index(1));

/// Streams and slots are below these.
inline constexpr std::size_t most_streams = 64;
inline constexpr std::size_t most_slots = 16;
inline constexpr std::uint64_t address_limit = std::uint64_t{1} << 40;

enum class Purpose { run, pilot };

/// Uniforms that are given instead of drawn.
class LatentUniforms {
 public:
  virtual ~LatentUniforms() = default;
  /// Of a candidate's stream; none for what is drawn as ever.
  virtual std::optional<double> find(Stream stream, std::uint32_t index) const = 0;
};

/// Every random number of a run, as a pure function of (seed, stream, address, index): Philox
/// counters { block, attempt low, trajectory low, stream : 8 | year : 8 | attempt high : 8 |
/// trajectory high : 8 }, key = seed.
class Draws {
 public:
  Draws(std::uint64_t seed, Purpose purpose, const LatentUniforms* latent = nullptr)
      : seed_(seed), purpose_(purpose), latent_(latent) {}

  Purpose purpose() const { return purpose_; }

  /// Whether some uniforms of candidates are given.
  bool has_latent() const { return latent_ != nullptr; }

  kernels::Key key() const {
    return {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)};
  }

  /// The counter of block 0 of a stream; the block is added to word 0.
  kernels::Counter counter(Stream stream, const Address& address) const {
    auto number = static_cast<std::uint32_t>(stream);
    if (purpose_ == Purpose::pilot) number += static_cast<std::uint32_t>(Stream::pilot_offset);
    const auto attempt_high = static_cast<std::uint32_t>(address.attempt >> 32);
    const auto trajectory_high = static_cast<std::uint32_t>(address.trajectory >> 32);
    return {0, static_cast<std::uint32_t>(address.attempt),
            static_cast<std::uint32_t>(address.trajectory),
            number << 24 | address.year_index << 16 | attempt_high << 8 | trajectory_high};
  }

  /// The index-th uniform in (0, 1) of a stream: words 2 index and 2 index + 1.
  double uniform(Stream stream, const Address& address, std::uint32_t index) const {
    if (latent_ != nullptr && address.year_index != per_trajectory) {
      if (const auto given = latent_->find(stream, index)) return *given;
    }
    kernels::Counter at = counter(stream, address);
    at[0] = index / 2;
    const kernels::Words words = kernels::philox(at, key());
    return index % 2 == 0 ? kernels::open_uniform(words[0], words[1])
                          : kernels::open_uniform(words[2], words[3]);
  }

 private:
  std::uint64_t seed_;
  Purpose purpose_;
  const LatentUniforms* latent_;
};

}  // namespace flopsieve::engine
