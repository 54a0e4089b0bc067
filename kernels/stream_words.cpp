#include "kernels/stream_words.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/stream_words.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

void FillWords(Key key, const Counter& counter, std::uint32_t* HWY_RESTRICT words) {
  const hn::CappedTag<std::uint32_t, words_at_once / 4> d;
  for (std::uint32_t block = 0; block < words_at_once / 4;
       block += static_cast<std::uint32_t>(hn::Lanes(d))) {
    PhiloxState<hn::Vec<decltype(d)>> state{hn::Add(hn::Set(d, counter[0]), hn::Iota(d, block)),
                                            hn::Set(d, counter[1]), hn::Set(d, counter[2]),
                                            hn::Set(d, counter[3])};
    Philox(d, key, state);
    hn::StoreInterleaved4(state.word0, state.word1, state.word2, state.word3, d,
                          words + std::size_t{4} * block);
  }
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(FillWords);

void fill_words(Key key, const Counter& counter, std::span<std::uint32_t, words_at_once> words) {
  HWY_DYNAMIC_DISPATCH(FillWords)(key, counter, words.data());
}

}  // namespace flopsieve::kernels
#endif
