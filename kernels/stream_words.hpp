#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/philox.hpp"

namespace flopsieve::kernels {

/// So many words at a time are drawn by fill_words().
inline constexpr std::size_t words_at_once = 64;

/// The words of `words_at_once` / 4 blocks in order, beginning with the block of `counter`.
/// Compiled for every target; the words of philox().
void fill_words(Key key, const Counter& counter, std::span<std::uint32_t, words_at_once> words);

}  // namespace flopsieve::kernels
