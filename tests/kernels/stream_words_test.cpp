#include "kernels/stream_words.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "tests/support/reference.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {

TEST_CASE("Words at once are those of Random123, block after block, on every target") {
  const test::RestoreTarget restore;
  test::Splitmix random(71);
  for (const Target target : test::targets_to_test()) {
    force_target(target);
    for (int round = 0; round < 20; ++round) {
      const Key key = {random.word(), random.word()};
      const Counter counter = {random.word(), random.word(), random.word(), random.word()};
      std::array<std::uint32_t, words_at_once> words{};
      fill_words(key, counter, words);
      for (std::size_t i = 0; i < words.size(); ++i) {
        Counter at = counter;
        at[0] += static_cast<std::uint32_t>(i / 4);
        REQUIRE(words[i] == test::random123_words(at, key)[i % 4]);
      }
    }
  }
}

}  // namespace flopsieve::kernels
