#include "kernels/statistics.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "tests/support/reference.hpp"
#include "tests/support/reference_statistics.hpp"

namespace flopsieve::kernels {
namespace {

using test::Sizes;

/// The columns that the kernels take, from ascending sizes.
class Columns {
 public:
  explicit Columns(Sizes x) : x_(std::move(x)) {
    std::sort(x_.begin(), x_.end());
    for (const double value : x_) {
      relative_.push_back(static_cast<double>(test::flop(value) / test::flop(x_.back())));
      total_ += relative_.back();
      cumulative_.push_back(total_);
    }
    for (const long double share : test::log10_cumulative_shares(x_)) {
      log10_share_.push_back(static_cast<double>(share));
    }
  }
  SortedSizes view() const { return {x_, relative_, log10_share_, total_, cumulative_}; }
  const Sizes& x() const { return x_; }

 private:
  Sizes x_;
  Sizes relative_;
  Sizes log10_share_;
  Sizes cumulative_;
  double total_ = 0.0;
};

/// Candidates of k sizes: spread like a year's models, nearly equal, and one that dominates.
std::vector<Sizes> candidates(std::size_t k, std::uint64_t seed) {
  test::Splitmix random(seed);
  Sizes spread, near_equal, dominated;
  for (std::size_t i = 0; i < k; ++i) {
    spread.push_back(22.5 + 1.3 * random.normal());
    near_equal.push_back(24.0 + 1e-4 * random.uniform(-1.0, 1.0));
    dominated.push_back(i == k / 2 ? 27.0 : 18.0 + random.normal());
  }
  return {spread, near_equal, dominated};
}

/// Runs `check` on candidates of every size.
template <class Check>
void for_all_candidates(Check check) {
  std::uint64_t seed = 0;
  for (const std::size_t k : {1u, 2u, 3u, 5u, 90u, 1000u}) {
    for (int repeat = 0; repeat < (k > 100 ? 1 : 5); ++repeat) {
      for (const Sizes& x : candidates(k, ++seed)) {
        INFO(k << " sizes, largest " << test::largest(x));
        check(Columns(x));
      }
    }
  }
}

Approx close(long double exact, double tolerance = 1e-11) {
  return Approx(static_cast<double>(exact)).epsilon(tolerance).margin(tolerance);
}

TEST_CASE("median is the middle size") {
  for_all_candidates(
      [](const Columns& c) { REQUIRE(median(c.x()) == close(test::median(c.x()))); });
  CHECK(median(Sizes{21.0}) == 21.0);
  CHECK(median(Sizes{20.0, 23.0}) == 21.5);
  CHECK(median(Sizes{20.0, 23.0, 23.0}) == 23.0);
  CHECK(median(Sizes{20.0, 21.0, 24.0, 25.0}) == 22.5);
}

TEST_CASE("allocation_gradient is the slope through the origin") {
  for_all_candidates([](const Columns& c) {
    if (c.x().size() == 1) {
      REQUIRE(allocation_gradient(c.view()) == 1.0);
      return;
    }
    // Sizes within 1e-4 of each other near 24 leave 4e-15 / 1e-4 of relative rounding.
    const long double exact = test::allocation_gradient(c.x());
    REQUIRE(allocation_gradient(c.view()) == Approx(static_cast<double>(exact)).epsilon(1e-9));
  });
}

TEST_CASE("allocation_gradient of two known models") {
  // m = 1 and 9: x - largest = log10(1/9), share 1/10; the second point is the origin.
  const Columns c({22.0, 22.0 + std::log10(9.0)});
  CHECK(allocation_gradient(c.view()) == close(1.0L / std::log10(9.0L)));
}

TEST_CASE("allocation_line is the free least-squares line") {
  for_all_candidates([](const Columns& c) {
    if (c.x().size() == 1) return;
    const test::ReferenceLine exact = test::allocation_line(c.x());
    const Line line = allocation_line(c.view());
    REQUIRE(line.slope == Approx(static_cast<double>(exact.slope)).epsilon(1e-8));
    REQUIRE(line.intercept == close(exact.intercept, 1e-8));
  });
}

TEST_CASE("allocation_line of two models goes through both points") {
  // Shares 1/10 and 1; m / total 1/10 and 9/10.
  const Columns c({22.0, 22.0 + std::log10(9.0)});
  const Line line = allocation_line(c.view());
  CHECK(line.slope == close(1.0L / std::log10(9.0L)));
  CHECK(line.intercept == close(-1.0L + 1.0L / std::log10(9.0L)));
}

TEST_CASE("gini is half the relative mean difference") {
  for_all_candidates(
      [](const Columns& c) { REQUIRE(gini(c.view()) == close(test::gini(c.x()), 1e-12)); });
}

TEST_CASE("gini at its ends") {
  CHECK(gini(Columns({24.0}).view()) == Approx(0.0).margin(1e-15));
  CHECK(gini(Columns(Sizes(10, 24.0)).view()) == Approx(0.0).margin(1e-15));
  Sizes one_has_all(10, 1.0);
  one_has_all.back() = 30.0;
  CHECK(gini(Columns(one_has_all).view()) == Approx(0.9).epsilon(1e-12));
}

TEST_CASE("count_from counts the sizes at or above a threshold") {
  for_all_candidates([](const Columns& c) {
    for (double t = 15.0; t <= 28.0; t += 0.25) {
      REQUIRE(count_from(c.x(), t) == test::count_from(c.x(), t));
    }
    for (const double t : c.x()) REQUIRE(count_from(c.x(), t) == test::count_from(c.x(), t));
  });
  CHECK(count_from(Sizes{20.0, 25.0, 25.0, 26.0}, 25.0) == 3);
  CHECK(count_from(Sizes{20.0, 25.0, 25.0, 26.0}, 26.5) == 0);
}

TEST_CASE("relative_between sums the models of a half-open class") {
  for_all_candidates([](const Columns& c) {
    const long double largest = test::flop(c.x().back());
    for (double from = 16.0; from <= 27.0; from += 0.5) {
      for (const double width : {0.5, 1.0, 3.0}) {
        const long double exact = test::flop_between(c.x(), from, from + width) / largest;
        REQUIRE(relative_between(c.view(), from, from + width) ==
                Approx(static_cast<double>(exact)).epsilon(1e-12));
      }
    }
    REQUIRE(relative_between(c.view(), -1e9, 1e9) == close(c.view().relative_total, 1e-13));
  });
}

TEST_CASE("relative_between includes its lower end and excludes its upper end") {
  const Columns c({20.0, 22.0, 22.0, 24.0});
  CHECK(relative_between(c.view(), 22.0, 24.0) == Approx(0.02).epsilon(1e-12));
  CHECK(relative_between(c.view(), 20.0, 22.0) == Approx(1e-4).epsilon(1e-12));
  CHECK(relative_between(c.view(), 22.0, 24.1) == Approx(1.02).epsilon(1e-12));
  CHECK(relative_between(c.view(), 23.0, 23.5) == 0.0);
  CHECK(relative_between(c.view(), 23.5, 23.0) == 0.0);
  CHECK(relative_between(c.view(), 23.0, 21.0) == 0.0);  // with sizes between its ends
}

}  // namespace
}  // namespace flopsieve::kernels
