#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "kernels/sizes.hpp"

// Streams of different addresses, and the draws within a stream, are uncorrelated. Under
// independence a correlation of n pairs is about normal with standard deviation 1 / sqrt(n). Each
// is taken of z and of z^2, against 6.4 of them: false alarm 1.6e-10 each. Keys and addresses were
// fixed before the first run.

namespace flopsieve::kernels {
namespace {

constexpr std::size_t draws = 100000;
constexpr double bound_in_sd = 6.4;

using Stream = std::vector<double>;

GroupShape normal_shape() {
  GroupShape shape;
  shape.normal.fill(1.0f);
  return shape;
}

/// The draws of each lane.
std::vector<Stream> streams(Key key, const GroupAddress& address) {
  std::vector<float> z(draws * group_width);
  draw_sizes(key, address, normal_shape(), draws, z);
  std::vector<Stream> result(group_width, Stream(draws));
  for (std::size_t i = 0; i < z.size(); ++i) {
    result[i % group_width][i / group_width] = static_cast<double>(z[i]);
  }
  return result;
}

/// Correlation, in its standard deviations, of a[i] and b[i + lag].
double correlation(const Stream& a, const Stream& b, std::size_t lag) {
  const auto n = static_cast<double>(a.size() - lag);
  double sa = 0.0, sb = 0.0, saa = 0.0, sbb = 0.0, sab = 0.0;
  for (std::size_t i = 0; i + lag < a.size(); ++i) {
    sa += a[i];
    sb += b[i + lag];
    saa += a[i] * a[i];
    sbb += b[i + lag] * b[i + lag];
    sab += a[i] * b[i + lag];
  }
  const double covariance = sab / n - sa / n * sb / n;
  const double variances = (saa / n - sa / n * sa / n) * (sbb / n - sb / n * sb / n);
  return covariance / std::sqrt(variances) * std::sqrt(n);
}

Stream squares(const Stream& z) {
  Stream result;
  for (const double value : z) result.push_back(value * value);
  return result;
}

void check_uncorrelated(const Stream& a, const Stream& b, std::size_t lag = 0) {
  REQUIRE(std::abs(correlation(a, b, lag)) <= bound_in_sd);
  REQUIRE(std::abs(correlation(squares(a), squares(b), lag)) <= bound_in_sd);
}

TEST_CASE("The check of independence sees dependent streams", "[statistical]") {
  const auto z = streams({3, 4}, GroupAddress{});
  CHECK(z[0] == z[9]);  // one address, one stream
  CHECK(std::abs(correlation(z[0], z[9], 0)) > bound_in_sd);
  Stream mixed = z[0];
  for (std::size_t i = 1; i < draws; ++i) mixed[i] += 0.05 * z[0][i - 1];
  CHECK(std::abs(correlation(mixed, mixed, 1)) > bound_in_sd);
}

TEST_CASE("Lanes with neighbouring addresses are uncorrelated", "[statistical]") {
  // Lanes differ by 1 in one word (0-7) or by one high bit (8-15): 120 pairs per word.
  for (int word = 1; word <= 3; ++word) {
    GroupAddress address;
    auto& varied = word == 1 ? address.word1 : word == 2 ? address.word2 : address.word3;
    for (std::uint32_t i = 0; i < group_width; ++i) varied[i] = i < 8 ? i : 1u << (i + 16);
    const auto z = streams({2024, 11}, address);
    for (std::size_t a = 0; a < group_width; ++a) {
      for (std::size_t b = a + 1; b < group_width; ++b) {
        INFO("word " << word << ", lanes " << a << " and " << b);
        check_uncorrelated(z[a], z[b]);
      }
    }
  }
}

TEST_CASE("Draws of one stream are uncorrelated over blocks", "[statistical]") {
  // Lag 1 joins the two halves of a block and neighbouring blocks, 2 to 8 further blocks.
  GroupAddress address;
  for (std::uint32_t i = 0; i < group_width; ++i) address.word3[i] = 77 * i;
  const auto z = streams({5, 2026}, address);
  for (const Stream& stream : z) {
    for (std::size_t lag = 1; lag <= 8; ++lag) {
      INFO("lag " << lag);
      check_uncorrelated(stream, stream, lag);
    }
  }
}

TEST_CASE("Streams of neighbouring keys are uncorrelated", "[statistical]") {
  const GroupAddress address;
  const Stream base = streams({100, 200}, address)[0];
  for (const Key key : {Key{101, 200}, Key{100, 201}, Key{0x80000064, 200}, Key{200, 100}}) {
    INFO("key " << key[0] << ", " << key[1]);
    check_uncorrelated(base, streams(key, address)[0]);
  }
}

TEST_CASE("The absolute and the normal part of a skew draw are uncorrelated", "[statistical]") {
  // The same words give |u| alone in lane 0 and v alone in lane 1.
  GroupShape shape = normal_shape();
  shape.absolute[0] = 1.0f;
  shape.normal[0] = 0.0f;
  std::vector<float> z(draws * group_width);
  draw_sizes({8, 9}, GroupAddress{}, shape, draws, z);
  Stream absolute, normal;
  for (std::size_t i = 0; i < draws; ++i) {
    absolute.push_back(static_cast<double>(z[i * group_width]));
    normal.push_back(static_cast<double>(z[i * group_width + 1]));
  }
  check_uncorrelated(absolute, normal);
}

}  // namespace
}  // namespace flopsieve::kernels
