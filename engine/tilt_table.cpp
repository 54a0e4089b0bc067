#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/tilt.hpp"
#include "kernels/math.hpp"

// The tables of tilted sizes, and what thinning makes of draws from them.

namespace flopsieve::engine {
namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

/// Of sums and logarithms, which is far below it.
constexpr double rounding = 2e-11;

/// Words shared out by weight; each cell gets the rest of its last one too.
constexpr auto shared_words = static_cast<double>(kernels::cell_weights - 2 * kernels::cell_count);

/// Weights are those of a bound of f(z) exp(strength * m / largest m + terms).
kernels::TiltedWeights weights_of(const TiltBase& base, double strength,
                                  const std::vector<TiltTerm>& terms,
                                  std::vector<double>& weights) {
  weights.resize(kernels::cell_count);
  std::span<const double> logs = base.log_bounds();
  thread_local std::vector<double> with_terms;
  if (!terms.empty()) {
    with_terms.assign(logs.begin(), logs.end());
    for (const TiltTerm& each : terms) base.add_term(each, with_terms);
    logs = with_terms;
  }
  // The tilt's own rounding grows with its exponent.
  const double bound = strength + std::abs(strength) * rounding;
  return kernels::tilted_weights(logs, base.sizes(strength > 0.0), bound, weights);
}

}  // namespace

TiltTable::TiltTable(std::shared_ptr<const TiltBase> base, double strength,
                     std::vector<TiltTerm> terms)
    : base_(std::move(base)), strength_(strength), terms_(std::move(terms)) {
  thread_local std::vector<double> weights;
  const kernels::TiltedWeights sums = weights_of(*base_, strength, terms_, weights);
  // No cell gets fewer words than its share; q is words / 2^32 * cells per unit of z.
  log_unit_ = sums.largest + kernels::natural_log(sums.sum / shared_words) + rounding;
  log_constant_ = log_unit_ + kernels::natural_log(static_cast<double>(kernels::cell_weights) /
                                                   static_cast<double>(kernels::cell_count));
}

void TiltTable::make() const {
  thread_local std::vector<double> weights;
  const kernels::TiltedWeights sums = weights_of(*base_, strength_, terms_, weights);
  std::vector<std::uint64_t> words(kernels::cell_count);
  std::uint64_t given = 0;
  for (std::size_t cell = 0; cell < kernels::cell_count; ++cell) {
    if (base_->log_bounds()[cell] == minus_infinity) continue;
    words[cell] = static_cast<std::uint64_t>(weights[cell] / sums.sum * shared_words) + 1;
    given += words[cell];
  }
  // What is left of the words goes to the likeliest cell.
  *std::max_element(words.begin(), words.end()) += kernels::cell_weights - given;
  weight_1_.resize(kernels::cell_count);
  for (std::size_t cell = 0; cell < kernels::cell_count; ++cell) {
    weight_1_[cell] = static_cast<std::uint32_t>(words[cell] - 1);
  }
  alias_ = kernels::alias_table(words);
}

const std::uint32_t* TiltTable::alias() const {
  if (alias_.empty()) make();
  return alias_.data();
}

std::size_t TiltTable::bytes() const {
  return sizeof(TiltTable) + (alias_.size() + weight_1_.size()) * sizeof(std::uint32_t);
}

double TiltTable::log_share(const CandidateInputs& inputs, const kernels::SizeLaw& law,
                            float z) const {
  const double weight = 1.0 + static_cast<double>(weight_1_[kernels::cell_of(z)]);
  return base_->log_density(inputs, law, static_cast<double>(z)) - log_unit_ -
         kernels::natural_log(weight);
}

double Tilt::log_keep(const CandidateInputs& inputs, const float* z, std::size_t stride) const {
  LawStorage storage;
  const kernels::SizeLaw law = table->base().law(inputs, storage);
  double sum = log_edge + inputs.count * log_edge_per_model;
  for (std::size_t i = 0; i < inputs.count; ++i)
    sum += table->log_share(inputs, law, z[i * stride]);
  return sum;
}

}  // namespace flopsieve::engine
