#include "kernels/family_draws.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/family_constants.hpp"
#include "kernels/horner.hpp"
#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "kernels/normal.hpp"
#include "kernels/normal_pair.hpp"

namespace flopsieve::kernels {
namespace {

Words block_of(Key key, Counter counter, std::uint32_t block) {
  counter[0] = block;
  return philox(counter, key);
}

/// Word `index` of a stream.
std::uint32_t word_of(Key key, Counter counter, std::uint32_t index) {
  return block_of(key, counter, index / 4)[index % 4];
}

/// Words 2 index and 2 index + 1.
DrawWords pair_of(Key key, Counter counter, std::uint32_t index) {
  const Words words = block_of(key, counter, index / 2);
  return {words[index % 2 * 2], words[index % 2 * 2 + 1]};
}

/// In (0, 1], with its digits near 0.
float uniform_from_zero(std::uint32_t word) {
  return std::fma(static_cast<float>(static_cast<std::int32_t>(word >> 1)), 0x1p-31f, 0x1p-32f);
}

/// Never -0, so that all targets agree.
float at_least_zero(float x) {
  return x > 0.0f ? x : 0.0f;
}

/// e^x - 1 for 0 <= x <= 60.
float exponential_minus_one(float x) {
  const float shifted = std::fma(x, log2_of_e_float, rounding_shift_float);
  const float whole = shifted - rounding_shift_float;
  float f = std::fma(whole, -ln2_upper_float, x);
  f = std::fma(whole, -ln2_lower_float, f);
  const float small = std::fma(f * f, horner(expm1f_coefficients, f), f);
  const auto power = std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) << 23) +
                                          std::bit_cast<std::uint32_t>(1.0f));
  return std::fma(power, small, power - 1.0f);
}

/// The normals of a block of two draws, and the word that chooses for draw `index`.
struct ChoiceAndNormal {
  std::uint32_t word;
  float normal;
};

ChoiceAndNormal choice_and_normal(Key key, Counter counter, std::uint32_t index) {
  const Words words = block_of(key, counter, index / 2);
  const FloatPair normals = normal_pair({words[0], words[1]});
  return {words[2 + index % 2], index % 2 == 0 ? normals.first : normals.second};
}

}  // namespace

float UniformDraw::from_word(std::uint32_t word) const {
  const auto whole = static_cast<float>(word >> 8);
  return std::fma(whole, 0x1p-24f, 0x1p-25f);
}

float UniformDraw::draw(Key key, Counter counter, std::uint32_t index) const {
  return from_word(word_of(key, counter, index));
}

float GridDraw::from_word(std::uint32_t word) const {
  return static_cast<float>((std::uint64_t{word} * points) >> 32);
}

float GridDraw::draw(Key key, Counter counter, std::uint32_t index) const {
  return from_word(word_of(key, counter, index));
}

// --- Power law ----------------------------------------------------------------------------------

PowerLawDraw::PowerLawDraw(double rate) {
  const double r = std::max(std::abs(rate), 0x1p-23);
  floor = static_cast<float>(exponential(-r));
  if (floor < std::numeric_limits<float>::min()) floor = 0.0f;
  complement = static_cast<float>(-kernels::exponential_minus_one(-r));
  factor = static_cast<float>(rate > 0.0 ? 1.0 / r : -1.0 / r);
  offset = rate > 0.0 ? 1.0f : 0.0f;
}

float PowerLawDraw::from_word(std::uint32_t word) const {
  const float v = uniform_from_zero(word);
  const float log = natural_log_less((1.0f - v) * complement, std::fma(v, complement, floor));
  return std::min(at_least_zero(std::fma(factor, log, offset)), 1.0f);
}

float PowerLawDraw::draw(Key key, Counter counter, std::uint32_t index) const {
  return from_word(word_of(key, counter, index));
}

// --- Truncated normal ---------------------------------------------------------------------------

TruncatedDraw::TruncatedDraw(double low_end, double interval, bool is_mirrored)
    : mirrored(is_mirrored),
      low(low_end),
      width(interval),
      below(normal_cdf(low_end)),
      mass(normal_between(low_end, low_end + interval)) {
  single = width >= 0.25 && low + width >= -3.0;
  twice_below = static_cast<float>(2.0 * below);
  twice_mass = static_cast<float>(2.0 * mass);
  twice_above = static_cast<float>(2.0 * normal_tail(low + width));
  factor = static_cast<float>(mirrored ? -1.0 / width : 1.0 / width);
  offset = static_cast<float>(mirrored ? 1.0 + low / width : -low / width);
}

float TruncatedDraw::from_word(std::uint32_t word) const {
  const float from_low = std::fma(uniform_from_zero(word), twice_mass, twice_below);
  const float from_high = std::fma(uniform_from_zero(~word), twice_mass, twice_above);
  const float log = natural_log_float(std::min(std::min(from_low, from_high), 1.0f));
  const float w = at_least_zero(-log);
  const float r = std::sqrt(w);
  const float t = w * horner(half_normal_numerator, r) / horner(half_normal_denominator, r);
  const float z = std::fma(factor, from_low <= from_high ? -t : t, offset);
  return std::min(at_least_zero(z), 1.0f);
}

float TruncatedDraw::from_words(DrawWords words) const {
  const double p = below + open_uniform(words.first, words.second) * mass;
  // Rounding may reach 1, and a product of small numbers may leave the range of the logarithm.
  const double t =
      normal_quantile(std::clamp(p, std::numeric_limits<double>::min(), 1.0 - 0x1p-53));
  const double z = std::clamp((t - low) / width, 0.0, 1.0);
  return static_cast<float>(mirrored ? 1.0 - z : z);
}

float TruncatedDraw::draw(Key key, Counter counter, std::uint32_t index) const {
  return single ? from_word(word_of(key, counter, index))
                : from_words(pair_of(key, counter, index));
}

// --- Student's t --------------------------------------------------------------------------------

StudentDraw::StudentDraw(double degrees_of_freedom)
    : nu(static_cast<float>(degrees_of_freedom)),
      exponent(static_cast<float>(-2.0 / degrees_of_freedom)) {}

float StudentDraw::from_words(DrawWords words) const {
  const float power = at_least_zero(exponent * natural_log_float(uniform_from_zero(words.first)));
  return std::sqrt(nu * exponential_minus_one(power)) * random_turn(words.second).second;
}

float StudentDraw::draw(Key key, Counter counter, std::uint32_t index) const {
  return from_words(pair_of(key, counter, index));
}

// --- Mixture ------------------------------------------------------------------------------------

MixtureDraw::MixtureDraw(std::span<const MixtureComponent> components) {
  double sum = 0.0;
  for (const MixtureComponent& each : components) sum += each.weight;
  std::size_t used = 0;
  double running = 0.0;
  for (const MixtureComponent& each : components) {
    if (!(each.weight > 0.0)) continue;
    if (used > 0) {
      const double words_before = std::floor(running / sum * 0x1p32);
      threshold[used - 1] =
          static_cast<std::uint32_t>(std::clamp(words_before - 1.0, 0.0, 0x1p32 - 1.0));
    }
    mean[used] = static_cast<float>(each.mean);
    sd[used++] = static_cast<float>(each.sd);
    running += each.weight;
  }
}

float MixtureDraw::from_choice(std::uint32_t word, float normal) const {
  std::size_t chosen = 0;
  while (chosen + 1 < most_drawn_components && word > threshold[chosen]) ++chosen;
  return std::fma(sd[chosen], normal, mean[chosen]);
}

float MixtureDraw::draw(Key key, Counter counter, std::uint32_t index) const {
  const auto [word, normal] = choice_and_normal(key, counter, index);
  return from_choice(word, normal);
}

// --- Kernel density -----------------------------------------------------------------------------

CentreTable::CentreTable(std::span<const double> centres,
                         std::span<const double> cumulative_weights, double bandwidth, double mean,
                         double sd)
    : cutoff(centres.size(), ~0u),
      centre(2 * centres.size()),
      spread(static_cast<float>(bandwidth / sd)) {
  const std::size_t n = centres.size();
  std::vector<double> share(n);  // in places
  std::vector<std::size_t> small, large;
  double before = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    share[i] =
        (cumulative_weights[i] - before) / cumulative_weights[n - 1] * static_cast<double>(n);
    before = cumulative_weights[i];
    (share[i] < 1.0 ? small : large).push_back(i);
    centre[i] = centre[n + i] = static_cast<float>((centres[i] - mean) / sd);
  }
  while (!small.empty() && !large.empty()) {
    const std::size_t poor = small.back();
    const std::size_t rich = large.back();
    small.pop_back();
    cutoff[poor] = static_cast<std::uint32_t>(std::clamp(share[poor], 0.0, 1.0) * (0x1p32 - 1.0));
    centre[n + poor] = centre[rich];
    share[rich] -= 1.0 - share[poor];
    if (share[rich] >= 1.0) continue;
    large.pop_back();
    small.push_back(rich);
  }
}

float CentreTable::from_choice(std::uint32_t word, float normal) const {
  const std::uint64_t product = std::uint64_t{word} * cutoff.size();
  const auto place = static_cast<std::size_t>(product >> 32);
  const bool own = static_cast<std::uint32_t>(product) <= cutoff[place];
  return std::fma(spread, normal, centre[own ? place : place + cutoff.size()]);
}

float CentreTable::draw(Key key, Counter counter, std::uint32_t index) const {
  const auto [word, normal] = choice_and_normal(key, counter, index);
  return from_choice(word, normal);
}

}  // namespace flopsieve::kernels
