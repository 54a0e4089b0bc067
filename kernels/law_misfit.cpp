#include "kernels/law_misfit.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/law_misfit.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

constexpr std::size_t law_partial_sums = 8;

/// Sums of the misfit and of its derivatives.
struct LawSums {
  HWY_ALIGN double value[6][law_partial_sums];
};

/// The logarithm of the sum of the law's three terms, and the shares of the first two.
template <class V>
struct LogSum {
  V value, share_a, share_b, share_e;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE LogSum<V> LogSumOf(D d, const LawConstants& law, V ln_parameters, V ln_tokens) {
  const V a = Fma(d, hn::Set(d, -law[3]), ln_parameters, hn::Set(d, law[0]));
  const V b = Fma(d, hn::Set(d, -law[4]), ln_tokens, hn::Set(d, law[1]));
  const V e = hn::Set(d, law[2]);
  const V most = hn::Max(hn::Max(a, b), e);
  const V least = hn::Set(d, -708.0);
  const V exp_a = Exponential(d, hn::Max(hn::Sub(a, most), least));
  const V exp_b = Exponential(d, hn::Max(hn::Sub(b, most), least));
  const V exp_e = Exponential(d, hn::Max(hn::Sub(e, most), least));
  const V sum = hn::Add(hn::Add(exp_a, exp_b), exp_e);
  return {hn::Add(most, NaturalLog(d, sum)), hn::Div(exp_a, sum), hn::Div(exp_b, sum),
          hn::Div(exp_e, sum)};
}

/// The columns of one vector of rows; without a mask, or with zeros where it is false.
template <class V>
struct LawVectors {
  V ln_parameters, ln_tokens, ln_loss, weight;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE void AddMisfit(D d, const LawConstants& law, double delta, const LawVectors<V>& row,
                          V (&sums)[6]) {
  const LogSum<V> sum = LogSumOf(d, law, row.ln_parameters, row.ln_tokens);
  const V residual = hn::Sub(sum.value, row.ln_loss);
  const V slope = hn::Max(hn::Set(d, -delta), hn::Min(residual, hn::Set(d, delta)));
  const V weighted = hn::Mul(row.weight, slope);
  const V by_a = hn::Mul(weighted, sum.share_a);
  const V by_b = hn::Mul(weighted, sum.share_b);
  sums[0] = Fma(d, weighted, hn::Sub(residual, hn::Mul(hn::Set(d, 0.5), slope)), sums[0]);
  sums[1] = hn::Add(sums[1], by_a);
  sums[2] = hn::Add(sums[2], by_b);
  sums[3] = Fma(d, weighted, sum.share_e, sums[3]);
  sums[4] = Fma(d, by_a, row.ln_parameters, sums[4]);
  sums[5] = Fma(d, by_b, row.ln_tokens, sums[5]);
}

/// The partial sums of places `lane` to `lane` + a vector of every 8 rows.
template <class D>
HWY_INLINE void SumLawLanes(D d, const LawRows& rows, const LawConstants& law, double delta,
                            std::size_t lane, LawSums& out) {
  const std::size_t size = rows.weight.size();
  const auto zero = hn::Zero(d);
  hn::Vec<D> sums[6] = {zero, zero, zero, zero, zero, zero};
  std::size_t i = lane;
  for (; i + hn::Lanes(d) <= size; i += law_partial_sums) {
    AddMisfit(d, law, delta,
              LawVectors<hn::Vec<D>>{hn::LoadU(d, rows.ln_parameters.data() + i),
                                     hn::LoadU(d, rows.ln_tokens.data() + i),
                                     hn::LoadU(d, rows.ln_loss.data() + i),
                                     hn::LoadU(d, rows.weight.data() + i)},
              sums);
  }
  if (i < size) {
    const auto live = hn::FirstN(d, size - i);
    AddMisfit(d, law, delta,
              LawVectors<hn::Vec<D>>{hn::MaskedLoad(live, d, rows.ln_parameters.data() + i),
                                     hn::MaskedLoad(live, d, rows.ln_tokens.data() + i),
                                     hn::MaskedLoad(live, d, rows.ln_loss.data() + i),
                                     hn::MaskedLoad(live, d, rows.weight.data() + i)},
              sums);
  }
  for (std::size_t k = 0; k < 6; ++k) hn::Store(sums[k], d, out.value[k] + lane);
}

void SumLawMisfit(const LawRows& rows, const LawConstants& law, double delta, LawMisfit& out) {
  const hn::CappedTag<double, law_partial_sums> d;
  LawSums sums;
  for (std::size_t lane = 0; lane < law_partial_sums; lane += hn::Lanes(d)) {
    SumLawLanes(d, rows, law, delta, lane, sums);
  }
  for (double* each : sums.value) {
    for (std::size_t half = law_partial_sums / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) each[i] += each[i + half];
    }
  }
  out.value = sums.value[0][0];
  out.gradient = {sums.value[1][0], sums.value[2][0], sums.value[3][0], -sums.value[4][0],
                  -sums.value[5][0]};
}

void LawResiduals(const LawRows& rows, const LawConstants& law, double* HWY_RESTRICT residual) {
  const hn::CappedTag<double, law_partial_sums> d;
  const std::size_t size = rows.ln_loss.size();
  HWY_ALIGN double lanes[3][law_partial_sums] = {};
  for (std::size_t i = 0; i < size; i += hn::Lanes(d)) {
    const std::size_t count = size - i < hn::Lanes(d) ? size - i : hn::Lanes(d);
    for (std::size_t j = 0; j < count; ++j) {
      lanes[0][j] = rows.ln_parameters[i + j];
      lanes[1][j] = rows.ln_tokens[i + j];
    }
    const auto sum = LogSumOf(d, law, hn::Load(d, lanes[0]), hn::Load(d, lanes[1]));
    hn::Store(sum.value, d, lanes[2]);
    for (std::size_t j = 0; j < count; ++j) residual[i + j] = lanes[2][j] - rows.ln_loss[i + j];
  }
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(SumLawMisfit);
HWY_EXPORT(LawResiduals);

LawMisfit law_misfit(const LawRows& rows, const LawConstants& law, double delta) {
  LawMisfit misfit;
  HWY_DYNAMIC_DISPATCH(SumLawMisfit)(rows, law, delta, misfit);
  return misfit;
}

void law_residuals(const LawRows& rows, const LawConstants& law, std::span<double> residual) {
  HWY_DYNAMIC_DISPATCH(LawResiduals)(rows, law, residual.data());
}

}  // namespace flopsieve::kernels
#endif
