#include "kernels/families.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/families.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/families-inl.hpp"
#include "kernels/math-inl.hpp"
#include "kernels/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

using FloatTag = hn::CappedTag<float, group_width>;
using WordTag = hn::RebindToUnsigned<FloatTag>;

/// Draws whose words are made before any of them is used, so that they stay in the first cache.
constexpr std::size_t chunk = 32;

/// Fills `rows` rows of z, at most `chunk`, of the lanes of one vector. Family::from_words takes
/// four words and gives Family::draws_per_block draws.
template <class Family>
HWY_INLINE void DrawChunk(const PhiloxBlocks<WordTag>& philox, const Family& family,
                          std::size_t first, std::size_t rows, float* HWY_RESTRICT z) {
  const FloatTag d;
  const WordTag du;
  constexpr std::size_t per_block = Family::draws_per_block;
  const std::size_t width = hn::Lanes(d);
  HWY_ALIGN std::uint32_t words[4 * (chunk / per_block) * hn::MaxLanes(FloatTag())];
  const std::size_t blocks = (rows + per_block - 1) / per_block;
  for (std::size_t block = 0; block < blocks; block += 2) {
    philox.StoreTwo(static_cast<std::uint32_t>(first / per_block + block),
                    words + 4 * block * width, width);
  }
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::uint32_t* w = words + 4 * block * width;
    hn::Vec<FloatTag> out[per_block];
    family.FromWords(hn::Load(du, w), hn::Load(du, w + width), hn::Load(du, w + 2 * width),
                     hn::Load(du, w + 3 * width), out);
    for (std::size_t i = 0; i < per_block && block * per_block + i < rows; ++i) {
      hn::StoreU(out[i], d, z + (block * per_block + i) * group_width);
    }
  }
}

/// All lanes; Family is made from a Source and the first lane of a vector.
template <class Family, class Source>
HWY_INLINE void DrawAll(Key key, const GroupAddress& address, const Source& source,
                        std::size_t first, std::size_t draws, float* HWY_RESTRICT z) {
  const WordTag du;
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(du)) {
    const Family family(source, lane);
    const PhiloxBlocks<WordTag> philox(du, key, hn::Load(du, &address.word1[lane]),
                                       hn::Load(du, &address.word2[lane]),
                                       hn::Load(du, &address.word3[lane]));
    for (std::size_t row = 0; row < draws; row += chunk) {
      DrawChunk(philox, family, first + row, std::min(chunk, draws - row),
                z + row * group_width + lane);
    }
  }
}

void DrawUniform(Key key, const GroupAddress& address, std::size_t first, std::size_t draws,
                 float* HWY_RESTRICT z) {
  DrawAll<UniformFamily<FloatTag>>(key, address, 0, first, draws, z);
}

void DrawGrid(Key key, const GroupAddress& address, const PerLane<GridDraw>& lanes,
              std::size_t first, std::size_t draws, float* HWY_RESTRICT z) {
  DrawAll<GridFamily<FloatTag>>(key, address, lanes, first, draws, z);
}

void DrawPowerLaw(Key key, const GroupAddress& address, const PerLane<PowerLawDraw>& lanes,
                  std::size_t first, std::size_t draws, float* HWY_RESTRICT z) {
  DrawAll<PowerLawFamily<FloatTag>>(key, address, lanes, first, draws, z);
}

void DrawTruncatedNormal(Key key, const GroupAddress& address, const PerLane<TruncatedDraw>& lanes,
                         std::size_t first, std::size_t draws, float* HWY_RESTRICT z) {
  DrawAll<TruncatedFamily<FloatTag>>(key, address, lanes, first, draws, z);
}

void DrawStudentT(Key key, const GroupAddress& address, const PerLane<StudentDraw>& lanes,
                  std::size_t first, std::size_t draws, float* HWY_RESTRICT z) {
  DrawAll<StudentFamily<FloatTag>>(key, address, lanes, first, draws, z);
}

void DrawMixture(Key key, const GroupAddress& address, const PerLane<MixtureDraw>& lanes,
                 std::size_t first, std::size_t draws, float* HWY_RESTRICT z) {
  DrawAll<MixtureFamily<FloatTag>>(key, address, lanes, first, draws, z);
}

void DrawEmpirical(Key key, const GroupAddress& address, const CentreTable& table,
                   std::size_t first, std::size_t draws, float* HWY_RESTRICT z) {
  DrawAll<EmpiricalFamily<FloatTag>>(key, address, table, first, draws, z);
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(DrawUniform);
HWY_EXPORT(DrawGrid);
HWY_EXPORT(DrawPowerLaw);
HWY_EXPORT(DrawTruncatedNormal);
HWY_EXPORT(DrawStudentT);
HWY_EXPORT(DrawMixture);
HWY_EXPORT(DrawEmpirical);

void draw_uniform(Key key, const GroupAddress& address, std::size_t first, std::size_t draws,
                  std::span<float> z) {
  HWY_DYNAMIC_DISPATCH(DrawUniform)(key, address, first, draws, z.data());
}

void draw_grid(Key key, const GroupAddress& address, const PerLane<GridDraw>& lanes,
               std::size_t first, std::size_t draws, std::span<float> z) {
  HWY_DYNAMIC_DISPATCH(DrawGrid)(key, address, lanes, first, draws, z.data());
}

void draw_power_law(Key key, const GroupAddress& address, const PerLane<PowerLawDraw>& lanes,
                    std::size_t first, std::size_t draws, std::span<float> z) {
  HWY_DYNAMIC_DISPATCH(DrawPowerLaw)(key, address, lanes, first, draws, z.data());
}

void draw_truncated_normal(Key key, const GroupAddress& address,
                           const PerLane<TruncatedDraw>& lanes, std::size_t first,
                           std::size_t draws, std::span<float> z) {
  const auto is_single = [](const TruncatedDraw& lane) { return lane.single; };
  if (std::any_of(lanes.begin(), lanes.end(), is_single)) {
    HWY_DYNAMIC_DISPATCH(DrawTruncatedNormal)(key, address, lanes, first, draws, z.data());
  }
  for (std::size_t lane = 0; lane < group_width; ++lane) {
    if (lanes[lane].single) continue;
    const Counter counter{0, address.word1[lane], address.word2[lane], address.word3[lane]};
    for (std::size_t row = 0; row < draws; ++row) {
      const auto index = static_cast<std::uint32_t>(first + row);
      z[row * group_width + lane] = lanes[lane].draw(key, counter, index);
    }
  }
}

void draw_student_t(Key key, const GroupAddress& address, const PerLane<StudentDraw>& lanes,
                    std::size_t first, std::size_t draws, std::span<float> z) {
  HWY_DYNAMIC_DISPATCH(DrawStudentT)(key, address, lanes, first, draws, z.data());
}

void draw_mixture(Key key, const GroupAddress& address, const PerLane<MixtureDraw>& lanes,
                  std::size_t first, std::size_t draws, std::span<float> z) {
  HWY_DYNAMIC_DISPATCH(DrawMixture)(key, address, lanes, first, draws, z.data());
}

void draw_empirical(Key key, const GroupAddress& address, const CentreTable& table,
                    std::size_t first, std::size_t draws, std::span<float> z) {
  HWY_DYNAMIC_DISPATCH(DrawEmpirical)(key, address, table, first, draws, z.data());
}

}  // namespace flopsieve::kernels
#endif
