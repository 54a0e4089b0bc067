#include "kernels/words.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/words.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

void RandomWords(Key key, const GroupAddress& address, std::uint32_t first, std::size_t blocks,
                 std::uint32_t* HWY_RESTRICT out) {
  const hn::CappedTag<std::uint32_t, group_width> d;
  using V = hn::Vec<decltype(d)>;
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(d)) {
    const V word1 = hn::Load(d, &address.word1[lane]);
    const V word2 = hn::Load(d, &address.word2[lane]);
    const V word3 = hn::Load(d, &address.word3[lane]);
    const PhiloxBlocks stream(d, key, word1, word2, word3);
    for (std::size_t block = 0; block < blocks; block += 2) {
      stream.StoreTwo(first + static_cast<std::uint32_t>(block),
                      out + 4 * block * group_width + lane, group_width);
    }
  }
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(RandomWords);

void random_words(Key key, const GroupAddress& address, std::uint32_t first, std::size_t blocks,
                  std::span<std::uint32_t> out) {
  HWY_DYNAMIC_DISPATCH(RandomWords)(key, address, first, blocks, out.data());
}

}  // namespace flopsieve::kernels
#endif
