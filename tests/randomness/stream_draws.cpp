// Writes random numbers of the engine to stdout without end, for test batteries that read raw
// 32-bit words (dieharder -g 200):
//
//   stream_draws words|normals candidates|draws [repeat|SEED]
//
// words:    all words of the size streams.
// normals:  the sizes of the normal law turned back into uniforms, the upper 16 bits of each (a
//           float32 normal near 1 carries 25).
// candidates: attempts vary fastest, within tiles of 4096 attempts of one trajectory;
// draws:      the draws of one candidate after each other, then the next attempt.
// repeat:   a seeded defect: only the low 6 bits of the attempt reach the counter.
// SEED:     of the run, 20260401 if left out.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/streams.hpp"
#include "kernels/sizes.hpp"

namespace {

using namespace flopsieve;

constexpr std::size_t attempts = 4096;
constexpr std::size_t draws = 100;

struct Source {
  bool normals = false;
  bool across_candidates = false;
  bool repeat = false;
  std::uint64_t seed = 20260401;

  engine::Draws numbers() const { return {seed, engine::Purpose::run}; }
};

kernels::Counter counter(const Source& source, std::uint64_t trajectory, std::uint64_t attempt) {
  const std::uint64_t used = source.repeat ? attempt % 64 : attempt;
  return source.numbers().counter(engine::Stream::sizes, {trajectory, used, 3});
}

/// table[attempt * columns + column] of one tile.
template <class Number>
struct Tile {
  std::size_t columns;
  std::vector<Number> table = std::vector<Number>(attempts * columns);
};

void fill(const Source& source, std::uint64_t trajectory, Tile<std::uint32_t>& tile) {
  for (std::size_t attempt = 0; attempt < attempts; ++attempt) {
    kernels::Counter at = counter(source, trajectory, attempt);
    for (std::size_t column = 0; column < tile.columns; column += 4) {
      at[0] = static_cast<std::uint32_t>(column / 4);
      const kernels::Words words = kernels::philox(at, source.numbers().key());
      std::copy(words.begin(), words.end(), &tile.table[attempt * tile.columns + column]);
    }
  }
}

std::uint16_t uniform_of(float z) {
  const double p = 0.5 * std::erfc(-static_cast<double>(z) * std::sqrt(0.5));
  return static_cast<std::uint16_t>(std::min(p * 65536.0, 65535.0));
}

void fill(const Source& source, std::uint64_t trajectory, Tile<std::uint16_t>& tile) {
  kernels::GroupShape shape;
  shape.plain = true;
  std::vector<float> z(draws * kernels::group_width);
  for (std::size_t first = 0; first < attempts; first += kernels::group_width) {
    kernels::GroupAddress address;
    for (std::size_t lane = 0; lane < kernels::group_width; ++lane) {
      const auto at = counter(source, trajectory, first + lane);
      address.word1[lane] = at[1];
      address.word2[lane] = at[2];
      address.word3[lane] = at[3];
    }
    kernels::draw_sizes(source.numbers().key(), address, shape, draws, z);
    for (std::size_t i = 0; i < z.size(); ++i) {
      const std::size_t attempt = first + i % kernels::group_width;
      tile.table[attempt * tile.columns + i / kernels::group_width] = uniform_of(z[i]);
    }
  }
}

template <class Number>
std::vector<Number> transposed(const Tile<Number>& tile) {
  std::vector<Number> result(tile.table.size());
  for (std::size_t attempt = 0; attempt < attempts; ++attempt) {
    for (std::size_t column = 0; column < tile.columns; ++column) {
      result[column * attempts + attempt] = tile.table[attempt * tile.columns + column];
    }
  }
  return result;
}

/// Until the reader has had enough.
template <class Number>
void stream(const Source& source, std::size_t columns) {
  Tile<Number> tile{columns};
  for (std::uint64_t trajectory = 0;; ++trajectory) {
    fill(source, trajectory, tile);
    const auto numbers = source.across_candidates ? transposed(tile) : tile.table;
    if (std::fwrite(numbers.data(), sizeof(Number), numbers.size(), stdout) != numbers.size()) {
      return;
    }
  }
}

/// False for a text that is no whole number.
bool parse_seed(std::string_view text, std::uint64_t& seed) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse(const std::vector<std::string_view>& words, Source& source) {
  if (words.size() < 2 || words.size() > 3) return false;
  source.normals = words[0] == "normals";
  source.across_candidates = words[1] == "candidates";
  source.repeat = words.size() == 3 && words[2] == "repeat";
  return (source.normals || words[0] == "words") &&
         (source.across_candidates || words[1] == "draws") &&
         (words.size() == 2 || source.repeat || parse_seed(words[2], source.seed));
}

}  // namespace

int main(int count, char** arguments) {
  Source source;
  if (!parse({arguments + 1, arguments + count}, source)) {
    std::fputs("usage: stream_draws words|normals candidates|draws [repeat|SEED]\n", stderr);
    return EXIT_FAILURE;
  }
  if (source.normals) {
    stream<std::uint16_t>(source, draws);
  } else {
    stream<std::uint32_t>(source, 2 * draws);
  }
  return EXIT_SUCCESS;
}
