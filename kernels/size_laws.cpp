#include "kernels/size_laws.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/math.hpp"
#include "kernels/normal.hpp"
#include "kernels/normal_pair.hpp"
#include "kernels/philox.hpp"

namespace flopsieve::kernels {
namespace {

constexpr double ln_10 = 2.30258509299404568402;
constexpr double normal_peak = 0.39894228040143267794;  // 1 / sqrt(2 pi)

DrawWords words_of(Key key, Counter counter, std::uint32_t index) {
  counter[0] = index / 2;
  const Words words = philox(counter, key);
  return {words[index % 2 * 2], words[index % 2 * 2 + 1]};
}

}  // namespace

// --- Normal and skew-normal ---------------------------------------------------------------------

float NormalSizes::draw(Key key, Counter counter, std::uint32_t index) const {
  const FloatPair normals = normal_pair(words_of(key, counter, index / 2));
  return index % 2 == 0 ? normals.first : normals.second;
}

double NormalSizes::cumulative(double z) const {
  return normal_cdf(z);
}

double NormalSizes::tail(double z) const {
  return normal_tail(z);
}

double NormalSizes::density(double z) const {
  return normal_density(z);
}

double NormalSizes::largest_density() const {
  return normal_peak;
}

float SkewNormalSizes::draw(Key key, Counter counter, std::uint32_t index) const {
  const FloatPair normals = normal_pair(words_of(key, counter, index));
  return std::fma(static_cast<float>(shape.absolute), std::abs(normals.first),
                  std::fma(static_cast<float>(shape.normal), normals.second,
                           static_cast<float>(shape.constant)));
}

// --- Truncated normal: t = low + width * (z or 1 - z) is a normal deviate. -----------------------

TruncatedNormalSizes::TruncatedNormalSizes(double mean, double sd, double lower, double upper)
    : low_((lower - mean) / sd),
      width_((upper - lower) / sd),
      mirrored_(low_ + 0.5 * width_ > 0.0) {
  if (mirrored_) low_ = (mean - upper) / sd;
  mass_ = normal_between(low_, low_ + width_);
}

float TruncatedNormalSizes::draw(Key key, Counter counter, std::uint32_t index) const {
  return drawing().draw(key, counter, index);
}

/// The probability between two fractions of the interval, counted from its lower or mirrored end.
double TruncatedNormalSizes::between(double from, double to) const {
  const double a = low_ + width_ * std::clamp(from, 0.0, 1.0);
  const double b = low_ + width_ * std::clamp(to, 0.0, 1.0);
  return normal_between(a, b) / mass_;
}

double TruncatedNormalSizes::cumulative(double z) const {
  return mirrored_ ? between(1.0 - z, 1.0) : between(0.0, z);
}

double TruncatedNormalSizes::tail(double z) const {
  return mirrored_ ? between(0.0, 1.0 - z) : between(z, 1.0);
}

double TruncatedNormalSizes::density(double z) const {
  if (z < 0.0 || z > 1.0) return 0.0;
  return width_ / mass_ * normal_density(low_ + width_ * (mirrored_ ? 1.0 - z : z));
}

double TruncatedNormalSizes::largest_density() const {
  return width_ / mass_ * normal_density(std::clamp(0.0, low_, low_ + width_));
}

// --- Uniform ------------------------------------------------------------------------------------

double UniformSizes::cumulative(double z) const {
  return std::clamp(z, 0.0, 1.0);
}

// --- Power law: an exponential law on [0, 1], written with a rate that is not positive. ----------

PowerLawSizes::PowerLawSizes(double gradient, double range)
    : rate_((gradient - 1.0) * range * ln_10) {}

float PowerLawSizes::draw(Key key, Counter counter, std::uint32_t index) const {
  return drawing().draw(key, counter, index);
}

namespace {

/// P(Y <= y) for density proportional to e^(rate y) on [0, 1].
double exponential_cumulative(double rate, double y) {
  y = std::clamp(y, 0.0, 1.0);
  if (rate == 0.0) return y;
  if (rate < 0.0) return exponential_minus_one(rate * y) / exponential_minus_one(rate);
  // The same with numbers that do not overflow.
  return exponential(rate * (y - 1.0)) * exponential_minus_one(-rate * y) /
         exponential_minus_one(-rate);
}

}  // namespace

double PowerLawSizes::cumulative(double z) const {
  return exponential_cumulative(rate_, z);
}

double PowerLawSizes::tail(double z) const {
  return exponential_cumulative(-rate_, 1.0 - z);
}

double PowerLawSizes::density(double z) const {
  if (z < 0.0 || z > 1.0) return 0.0;
  const double from_peak = rate_ > 0.0 ? 1.0 - z : z;
  return largest_density() * exponential(-std::abs(rate_) * from_peak);
}

double PowerLawSizes::largest_density() const {
  if (rate_ == 0.0) return 1.0;
  const double rate = -std::abs(rate_);
  return rate / exponential_minus_one(rate);
}

// --- Grid ---------------------------------------------------------------------------------------

float GridSizes::draw(Key key, Counter counter, std::uint32_t index) const {
  return drawing().draw(key, counter, index);
}

double GridSizes::cumulative(double z) const {
  const auto n = static_cast<double>(points);
  return std::clamp((std::floor(z) + 1.0) / n, 0.0, 1.0);
}

// --- Mixture ------------------------------------------------------------------------------------

MixtureSizes::MixtureSizes(std::span<const MixtureComponent> components)
    : components_(components), weight_(0.0) {
  for (const MixtureComponent& component : components) weight_ += component.weight;
}

float MixtureSizes::draw(Key key, Counter counter, std::uint32_t index) const {
  return drawing().draw(key, counter, index);
}

double MixtureSizes::cumulative(double z) const {
  double sum = 0.0;
  for (const auto& [weight, mean, sd] : components_) sum += weight * normal_cdf((z - mean) / sd);
  return sum / weight_;
}

double MixtureSizes::tail(double z) const {
  double sum = 0.0;
  for (const auto& [weight, mean, sd] : components_) sum += weight * normal_tail((z - mean) / sd);
  return sum / weight_;
}

double MixtureSizes::density(double z) const {
  double sum = 0.0;
  for (const auto& [weight, mean, sd] : components_) {
    sum += weight / sd * normal_density((z - mean) / sd);
  }
  return sum / weight_;
}

double MixtureSizes::largest_density() const {
  double sum = 0.0;
  for (const auto& [weight, mean, sd] : components_) sum += weight / sd * normal_peak;
  return sum / weight_;
}

// --- Kernel density -----------------------------------------------------------------------------

CentreTable EmpiricalSizes::drawing() const {
  return CentreTable(kernel_.centres, kernel_.cumulative_weights, kernel_.bandwidth, kernel_.mean,
                     kernel_.sd);
}

float EmpiricalSizes::draw(Key key, Counter counter, std::uint32_t index) const {
  return drawing().draw(key, counter, index);
}

namespace {

/// The weighted mean of function((x - centre) / bandwidth) over the centres.
template <class Function>
double kernel_mean(const KernelDensity& kernel, double z, Function function) {
  const double x = kernel.mean + kernel.sd * z;
  double sum = 0.0;
  double below = 0.0;
  for (std::size_t i = 0; i < kernel.centres.size(); ++i) {
    const double weight = kernel.cumulative_weights[i] - below;
    sum += weight * function((x - kernel.centres[i]) / kernel.bandwidth);
    below = kernel.cumulative_weights[i];
  }
  return sum / below;
}

}  // namespace

double EmpiricalSizes::cumulative(double z) const {
  return kernel_mean(kernel_, z, normal_cdf);
}

double EmpiricalSizes::tail(double z) const {
  return kernel_mean(kernel_, z, normal_tail);
}

double EmpiricalSizes::density(double z) const {
  return kernel_.sd / kernel_.bandwidth * kernel_mean(kernel_, z, normal_density);
}

double EmpiricalSizes::largest_density() const {
  return kernel_.sd / kernel_.bandwidth * normal_peak;
}

// --- All of them --------------------------------------------------------------------------------

float draw_size(const SizeLaw& law, Key key, Counter counter, std::uint32_t index) {
  return std::visit([&](const auto& sizes) { return sizes.draw(key, counter, index); }, law);
}

double cumulative(const SizeLaw& law, double z) {
  return std::visit([&](const auto& sizes) { return sizes.cumulative(z); }, law);
}

double tail(const SizeLaw& law, double z) {
  return std::visit([&](const auto& sizes) { return sizes.tail(z); }, law);
}

double density(const SizeLaw& law, double z) {
  return std::visit([&](const auto& sizes) { return sizes.density(z); }, law);
}

double largest_density(const SizeLaw& law) {
  return std::visit([](const auto& sizes) { return sizes.largest_density(); }, law);
}

namespace {

/// The probability between a fixed point and another above it, in the smaller tail of the first.
template <class Sizes>
class ProbabilityAbove {
 public:
  ProbabilityAbove(const Sizes& sizes, double low) : sizes_(sizes), start_(sizes.tail(low)) {
    in_upper_half_ = start_ < 0.5;
    if (!in_upper_half_) start_ = sizes.cumulative(low);
  }

  double up_to(double high) const {
    return in_upper_half_ ? start_ - sizes_.tail(high) : sizes_.cumulative(high) - start_;
  }

 private:
  const Sizes& sizes_;
  double start_;
  bool in_upper_half_;
};

}  // namespace

double probability_between(const SizeLaw& law, double low, double high) {
  return std::visit([&](const auto& sizes) { return ProbabilityAbove(sizes, low).up_to(high); },
                    law);
}

double quantile_between(const SizeLaw& law, double low, double high, double u) {
  return std::visit(
      [&](const auto& sizes) {
        const ProbabilityAbove probability(sizes, low);
        const double target = u * probability.up_to(high);
        for (int step = 0; step < 50; ++step) {
          const double middle = 0.5 * (low + high);
          (probability.up_to(middle) < target ? low : high) = middle;
        }
        return 0.5 * (low + high);
      },
      law);
}

}  // namespace flopsieve::kernels
