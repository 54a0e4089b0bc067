#include "jobs/sweep_design.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "jobs/sobol.hpp"
#include "kernels/philox.hpp"

namespace flopsieve::jobs {
namespace {

/// What random words of a design are for. No stream of the engine has these numbers, so that a
/// sweep with the seed of its job shares no word with a draw.
enum class Use : std::uint32_t { order = 240, place = 241, shift = 242, start = 243, sign = 244 };

/// Random numbers by address.
class Words {
 public:
  explicit Words(std::uint64_t seed)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}

  kernels::Words at(Use use, std::uint64_t row, std::uint32_t dimension) const {
    return kernels::philox({static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(row >> 32),
                            dimension, static_cast<std::uint32_t>(use) << 24},
                           key_);
  }

  double uniform(Use use, std::uint64_t row, std::uint32_t dimension) const {
    const kernels::Words words = at(use, row, dimension);
    return kernels::open_uniform(words[0], words[1]);
  }

  /// 0 to n - 1.
  std::uint64_t whole(Use use, std::uint64_t row, std::uint32_t dimension, std::uint64_t n) const {
    const double product = uniform(use, row, dimension) * static_cast<double>(n);
    return std::min(static_cast<std::uint64_t>(product), n - 1);
  }

 private:
  kernels::Key key_;
};

/// The numbers 0 to n - 1 in random order (Fisher and Yates). Orders of one `dimension` must have
/// addresses of their own, from `first` on.
std::vector<std::uint64_t> random_order(const Words& words, std::uint64_t n, std::uint64_t first,
                                        std::uint32_t dimension) {
  std::vector<std::uint64_t> order(n);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  for (std::uint64_t i = n; i-- > 1;) {
    std::swap(order[i], order[words.whole(Use::order, first + i, dimension, i + 1)]);
  }
  return order;
}

}  // namespace

UnitRows latin_hypercube(std::uint64_t points, std::size_t dimensions, std::uint64_t seed) {
  const Words words(seed);
  UnitRows rows(points * dimensions);
  for (std::uint32_t j = 0; j < dimensions; ++j) {
    const std::vector<std::uint64_t> order = random_order(words, points, 0, j);
    for (std::uint64_t i = 0; i < points; ++i) {
      const double place = static_cast<double>(order[i]) + words.uniform(Use::place, i, j);
      rows[i * dimensions + j] = std::min(place / static_cast<double>(points), 1.0 - 0x1p-53);
    }
  }
  return rows;
}

UnitRows sobol(std::uint64_t points, std::size_t dimensions, std::uint64_t seed) {
  const Words words(seed);
  const std::vector<std::uint32_t> bits = sobol_points(points, dimensions);
  UnitRows rows(bits.size());
  for (std::uint32_t j = 0; j < dimensions; ++j) {
    const std::uint32_t shift = words.at(Use::shift, 0, j)[0];
    for (std::size_t i = j; i < rows.size(); i += dimensions) {
      rows[i] = (static_cast<double>(bits[i] ^ shift) + 0.5) * 0x1p-32;
    }
  }
  return rows;
}

UnitRows saltelli(std::uint64_t points, std::size_t dimensions, std::uint64_t seed) {
  const UnitRows both = sobol(points, 2 * dimensions, seed);
  UnitRows rows;
  rows.reserve((dimensions + 2) * points * dimensions);
  // Block 0 is A, block 1 is B, block 2 + i is A with coordinate i from B.
  for (std::size_t block = 0; block < dimensions + 2; ++block) {
    for (std::uint64_t row = 0; row < points; ++row) {
      for (std::size_t j = 0; j < dimensions; ++j) {
        const bool from_b = block == 1 || block == j + 2;
        rows.push_back(both[row * 2 * dimensions + j + (from_b ? dimensions : 0)]);
      }
    }
  }
  return rows;
}

UnitRows morris(std::uint64_t trajectories, std::size_t dimensions, std::uint64_t levels,
                std::uint64_t seed) {
  const Words words(seed);
  const std::uint64_t jump = levels / 2;
  UnitRows rows;
  rows.reserve(trajectories * (dimensions + 1) * dimensions);
  std::vector<std::uint64_t> at(dimensions);
  const auto add_row = [&] {
    for (const std::uint64_t level : at) {
      rows.push_back(static_cast<double>(level) / static_cast<double>(levels - 1));
    }
  };
  for (std::uint64_t t = 0; t < trajectories; ++t) {
    std::vector<char> up(dimensions);
    for (std::uint32_t j = 0; j < dimensions; ++j) {
      up[j] = words.whole(Use::sign, t, j, 2) == 1;
      at[j] = words.whole(Use::start, t, j, levels - jump) + (up[j] ? 0 : jump);
    }
    add_row();
    for (const std::uint64_t j : random_order(words, dimensions, t * dimensions, 0)) {
      at[j] = up[j] ? at[j] + jump : at[j] - jump;
      add_row();
    }
  }
  return rows;
}

}  // namespace flopsieve::jobs
