#include "kernels/families.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/size_laws.hpp"
#include "tests/support/reference.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

namespace bm = boost::math;
using Real = long double;
const bm::normal_distribution<Real> normal;

Real below(Real t) {
  return bm::cdf(normal, t);
}

Real above(Real t) {
  return bm::cdf(bm::complement(normal, t));
}

// --- The bits ------------------------------------------------------------------------------------

GroupAddress addresses() {
  GroupAddress address;
  for (std::uint32_t lane = 0; lane < group_width; ++lane) {
    address.word1[lane] = 1000 + lane;
    address.word2[lane] = lane % 3;
    address.word3[lane] = 0x80000000u + lane;
  }
  return address;
}

using Fill = std::function<void(std::size_t first, std::size_t draws, std::span<float> z)>;
using Twin = std::function<float(std::size_t lane, Counter counter, std::uint32_t index)>;
constexpr Key key = {71, 72};

void check_bits(const std::string& name, const Fill& fill, const Twin& twin) {
  const GroupAddress address = addresses();
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    for (const std::size_t first : {0u, 8u, 40u, 1000u}) {
      for (const std::size_t draws : {0u, 1u, 2u, 7u, 32u, 33u, 131u}) {
        std::vector<float> z(draws * group_width + 1, -77.0f);
        fill(first, draws, z);
        REQUIRE(z.back() == -77.0f);  // nothing behind the draws
        for (std::size_t i = 0; i + 1 < z.size(); ++i) {
          const std::size_t lane = i % group_width;
          const Counter counter{9, address.word1[lane], address.word2[lane], address.word3[lane]};
          const auto index = static_cast<std::uint32_t>(first + i / group_width);
          const float expected = twin(lane, counter, index);
          INFO(name << " " << kernels::name(target) << " lane " << lane << " draw " << index << ": "
                    << z[i] << " " << expected);
          REQUIRE(std::bit_cast<std::uint32_t>(z[i]) == std::bit_cast<std::uint32_t>(expected));
        }
      }
    }
  }
}

template <class Draw, class Function>
void check_lanes(const std::string& name, const PerLane<Draw>& lanes, Function draw_group) {
  check_bits(
      name,
      [&](std::size_t first, std::size_t draws, std::span<float> z) {
        draw_group(key, addresses(), lanes, first, draws, z);
      },
      [&](std::size_t lane, Counter counter, std::uint32_t index) {
        return lanes[lane].draw(key, counter, index);
      });
}

/// Constants of 16 lanes, which go through `values` in turn.
template <class Draw, class Value>
PerLane<Draw> lanes_of(const std::vector<Value>& values) {
  PerLane<Draw> lanes;
  for (std::size_t i = 0; i < group_width; ++i) lanes[i] = Draw(values[i % values.size()]);
  return lanes;
}

const std::vector<double> rates = {0.0, 1e-9,  -1e-3, 0.3,   -0.7,  2.3,   -5.0,
                                   9.0, -30.0, 87.0,  -90.0, 690.0, -690.0};

/// Low end and width in standard deviations.
struct Interval {
  double low;
  double width;
};
const std::vector<Interval> intervals = {
    {-2.5, 5.5},     {-8.0, 8.0},   {-8.0, 16.0},  {-3.2, 0.3}, {-0.2, 0.25}, {0.0, 0.5},
    {-30.0, 30.0},   {-12.0, 4.0},  {-37.0, 0.5},  {-3.5, 0.4}, {-1.0, 0.2},  {-0.1, 1e-6},
    {-2000.0, 4000}, {-37.0, 35.0}, {-3.25, 0.26}, {-6.0, 3.1}};

PerLane<TruncatedDraw> truncated_lanes() {
  PerLane<TruncatedDraw> lanes;
  for (std::size_t i = 0; i < group_width; ++i) {
    lanes[i] = TruncatedDraw(intervals[i].low, intervals[i].width, i % 3 == 1);
  }
  return lanes;
}

const std::vector<MixtureComponent> four = {
    {1.0, -2.0, 0.5}, {0.0, 5.0, 1.0}, {2.0, 0.5, 0.25}, {0.5, 3.0, 1.5}};
const std::vector<MixtureComponent> two = {{3.0, -1.0, 0.4}, {1.0, 2.0, 1.0}};
const std::vector<MixtureComponent> one = {{2.0, 0.5, 1.5}};

const std::array<double, 5> centres = {20.5, 21.0, 22.5, 23.0, 24.0};
const std::array<double, 5> cumulative_weights = {1.0, 3.0, 4.0, 4.001, 5.0};

TEST_CASE("Groups of candidates have the bits of single draws on every target") {
  check_bits(
      "uniform",
      [](std::size_t first, std::size_t draws, std::span<float> z) {
        draw_uniform(key, addresses(), first, draws, z);
      },
      [](std::size_t, Counter counter, std::uint32_t index) {
        return UniformDraw{}.draw(key, counter, index);
      });
  PerLane<GridDraw> grids;
  for (std::size_t i = 0; i < group_width; ++i)
    grids[i].points = i == 15 ? 1u << 24 : 1u + 37u * static_cast<std::uint32_t>(i);
  check_lanes("grid", grids, draw_grid);
  check_lanes("power_law", lanes_of<PowerLawDraw>(rates), draw_power_law);
  check_lanes("truncated_normal", truncated_lanes(), draw_truncated_normal);
  check_lanes("student_t",
              lanes_of<StudentDraw>(std::vector<double>{2.0, 2.5, 4.0, 30.0, 1e4, 1e6}),
              draw_student_t);
  check_lanes("mixture",
              lanes_of<MixtureDraw>(std::vector<std::span<const MixtureComponent>>{four, two, one}),
              draw_mixture);
  const CentreTable table(centres, cumulative_weights, 0.3, 21.8, 1.3);
  check_bits(
      "empirical",
      [&](std::size_t first, std::size_t draws, std::span<float> z) {
        draw_empirical(key, addresses(), table, first, draws, z);
      },
      [&](std::size_t, Counter counter, std::uint32_t index) {
        return table.draw(key, counter, index);
      });
}

TEST_CASE("Groups of normal and skew-normal sizes have the bits of single draws") {
  const GroupAddress address = addresses();
  std::vector<float> z(100 * group_width);
  for (const double skewness : {0.0, 0.6, -0.9}) {
    const SkewNormalShape exact = skew_normal_shape(skewness);
    GroupShape shape;
    shape.plain = skewness == 0.0;
    shape.absolute.fill(static_cast<float>(exact.absolute));
    shape.normal.fill(static_cast<float>(exact.normal));
    shape.constant.fill(static_cast<float>(exact.constant));
    draw_sizes(key, address, shape, 100, z);
    const SizeLaw law = shape.plain ? SizeLaw(NormalSizes{}) : SizeLaw(SkewNormalSizes{exact});
    for (std::size_t i = 0; i < z.size(); ++i) {
      const std::size_t lane = i % group_width;
      const Counter counter{0, address.word1[lane], address.word2[lane], address.word3[lane]};
      const auto index = static_cast<std::uint32_t>(i / group_width);
      REQUIRE(z[i] == draw_size(law, key, counter, index));
    }
  }
}

// --- The words that a draw uses, against Random123 -----------------------------------------------

TEST_CASE("Draws take the documented words of their stream") {
  const Counter counter{5, 6, 7, 8};
  const PowerLawDraw power(-3.0);
  const TruncatedDraw fast(-2.0, 3.0, false), slow(-9.0, 2.0, false);
  const StudentDraw student(3.0);
  const MixtureDraw mixture{std::span(four)};
  for (std::uint32_t j = 0; j < 200; ++j) {
    const test::Words by_four = test::random123_words({j / 4, 6, 7, 8}, key);
    const test::Words by_two = test::random123_words({j / 2, 6, 7, 8}, key);
    const std::uint32_t word = by_four[j % 4];
    const DrawWords pair{by_two[j % 2 * 2], by_two[j % 2 * 2 + 1]};
    REQUIRE(UniformDraw{}.draw(key, counter, j) == UniformDraw{}.from_word(word));
    REQUIRE(GridDraw{77}.draw(key, counter, j) == GridDraw{77}.from_word(word));
    REQUIRE(power.draw(key, counter, j) == power.from_word(word));
    REQUIRE(fast.draw(key, counter, j) == fast.from_word(word));
    REQUIRE(slow.draw(key, counter, j) == slow.from_words(pair));
    REQUIRE(student.draw(key, counter, j) == student.from_words(pair));
    const test::Pair normals = test::reference_normals(by_two[0], by_two[1]);
    const float chosen = j % 2 == 0 ? normals.first : normals.second;
    REQUIRE(mixture.draw(key, counter, j) == mixture.from_choice(by_two[2 + j % 2], chosen));
  }
}

// --- The transforms, in extended precision -------------------------------------------------------

/// Words that cover the range evenly, its ends, and the neighbourhood of both ends.
std::vector<std::uint32_t> word_grid() {
  std::vector<std::uint32_t> words;
  for (std::uint32_t i = 0; i < 5000; ++i) words.push_back(i * 858993u + 107u);
  for (std::uint32_t i = 0; i < 31; ++i) {
    words.insert(words.end(), {(1u << i) - 1u, 1u << i, (3u << i) / 2u, ~(1u << i), ~(3u << i)});
  }
  words.insert(words.end(), {0u, 1u, 0xFFFFFFFFu, 0xFFFFFFFEu, 0x7FFFFFFFu, 0x80000000u});
  return words;
}

Real fraction(std::uint32_t word) {
  return (static_cast<Real>(word >> 1) + 0.5L) * 0x1p-31L;
}

TEST_CASE("Uniform sizes are the rounded fraction of their word") {
  for (const std::uint32_t word : word_grid()) {
    const Real exact = (static_cast<Real>(word >> 8) + 0.5L) * 0x1p-24L;
    REQUIRE(UniformDraw{}.from_word(word) == static_cast<float>(exact));
    REQUIRE(UniformDraw{}.from_word(word) > 0.0f);
    REQUIRE(UniformDraw{}.from_word(word) <= 1.0f);
  }
}

TEST_CASE("Grids reach their ends") {
  CHECK(GridDraw{1}.from_word(0xFFFFFFFFu) == 0.0f);
  CHECK(GridDraw{1u << 24}.from_word(0xFFFFFFFFu) == 16777215.0f);
  CHECK(GridDraw{1u << 24}.from_word(0xFFu) == 0.0f);
  CHECK(GridDraw{1u << 24}.from_word(0x100u) == 1.0f);
  CHECK(GridDraw{5}.from_word(0x33333333u) == 0.0f);
  CHECK(GridDraw{5}.from_word(0x33333334u) == 1.0f);
}

TEST_CASE("Power laws invert their probabilities") {
  for (const double rate : rates) {
    const PowerLawDraw law(rate);
    const Real r = std::max(std::abs(static_cast<Real>(rate)), 0x1p-23L);
    for (const std::uint32_t word : word_grid()) {
      const Real v = fraction(word);
      const Real y = -std::log1p((1 - v) * std::expm1(-r)) / r;
      const float z = law.from_word(word);
      const Real error = std::abs(static_cast<Real>(rate > 0.0 ? 1.0f - z : z) - y);
      const Real allowed = 6e-7L * std::max(y, 1 / std::max(r, 1.0L)) + 6e-8L;
      INFO("rate " << rate << " word " << word << " z " << z);
      REQUIRE(error <= allowed);
      REQUIRE(z >= 0.0f);
      REQUIRE(z <= 1.0f);
    }
  }
}

/// The normal deviate below which the fraction v of an interval's probability lies.
Real deviate(const Interval& interval, Real v) {
  const Real high = static_cast<Real>(interval.low) + interval.width;
  const Real p0 = below(interval.low), q0 = above(high);
  const Real mass = high > 0 ? 1 - p0 - q0 : below(high) - p0;
  const Real p = p0 + v * mass, q = q0 + (1 - v) * mass;
  return p < q ? bm::quantile(normal, p) : bm::quantile(bm::complement(normal, q));
}

TEST_CASE("Truncated normals invert their probabilities") {
  for (const bool mirrored : {false, true}) {
    for (const Interval& interval : intervals) {
      const TruncatedDraw law(interval.low, interval.width, mirrored);
      for (const std::uint32_t word : word_grid()) {
        const std::uint32_t low_word = word * 2654435761u;
        const Real v =
            law.single ? fraction(word) : static_cast<Real>(open_uniform(word, low_word));
        const Real y =
            std::clamp((deviate(interval, v) - interval.low) / interval.width, 0.0L, 1.0L);
        const float z = law.single ? law.from_word(word) : law.from_words({word, low_word});
        const Real error = std::abs((mirrored ? 1.0L - z : static_cast<Real>(z)) - y);
        const Real allowed =
            law.single ? 2.5e-6L / interval.width + 1e-7L : 6e-8L + 1e-13L / interval.width;
        INFO("from " << interval.low << " width " << interval.width << " word " << word << " z "
                     << z << " exact " << static_cast<double>(y));
        REQUIRE(error <= allowed);
        REQUIRE(z >= 0.0f);
        REQUIRE(z <= 1.0f);
      }
    }
  }
}

TEST_CASE("Student's t is Bailey's transform") {
  test::Splitmix random(73);
  for (const double nu : {2.0, 2.1, 3.0, 5.0, 10.0, 100.0, 1e4, 1e6}) {
    const StudentDraw law(nu);
    for (const std::uint32_t word : word_grid()) {
      const std::uint32_t angle = random.word();
      const Real u = fraction(word);
      const Real radius = std::sqrt(nu * std::expm1(-2 / static_cast<Real>(nu) * std::log(u)));
      const Real exact = radius * test::exact_turn<Real>(angle)[1];
      const Real error = std::abs(static_cast<Real>(law.from_words({word, angle})) - exact);
      const Real allowed = 3e-6L * radius + std::min(3e-4L, 1e-7L / radius);
      INFO("nu " << nu << " word " << word << " exact " << static_cast<double>(exact));
      REQUIRE(error <= allowed);
    }
  }
}

TEST_CASE("The heaviest draws of Student's law stay within the stated bound") {
  for (const double nu : {2.0, 5.0, 10.0}) {
    const double bound = std::sqrt(nu * (std::pow(2.0, 64.0 / nu) - 1.0));
    CHECK(static_cast<double>(StudentDraw(nu).from_words({0u, 0u})) == Approx(bound).epsilon(3e-6));
    CHECK(StudentDraw(nu).from_words({0xFFFFFFFFu, 0u}) == 0.0f);
  }
}

TEST_CASE("The words of a mixture are divided as its weights") {
  const MixtureDraw law{std::span(four)};
  // 1 : 2 : 0.5 of 2^32, the component of weight 0 left out.
  CHECK(law.from_choice(0u, 0.0f) == -2.0f);
  CHECK(law.from_choice(1227133512u, 0.0f) == -2.0f);
  CHECK(law.from_choice(1227133513u, 0.0f) == 0.5f);
  CHECK(law.from_choice(3681400538u, 0.0f) == 0.5f);
  CHECK(law.from_choice(3681400539u, 0.0f) == 3.0f);
  CHECK(law.from_choice(0xFFFFFFFFu, 2.0f) == 6.0f);
  const MixtureDraw single{std::span(one)};
  CHECK(single.from_choice(0xFFFFFFFFu, 1.0f) == 2.0f);
}

/// The probabilities of the centres, summed over the places of the table.
TEST_CASE("The alias table has the weights of its centres") {
  test::Splitmix random(74);
  for (const std::size_t n : {1u, 2u, 7u, 300u}) {
    std::vector<double> at(n), cumulative(n);
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      at[i] = static_cast<double>(i);
      cumulative[i] = sum += i % 5 == 0 ? 1e-6 : random.uniform(0.0, 3.0);
    }
    const CentreTable table(at, cumulative, 0.1, 0.0, 1.0);
    std::vector<Real> probability(n, 0.0L);
    for (std::size_t place = 0; place < n; ++place) {
      const Real own = (static_cast<Real>(table.cutoff[place]) + 1) * 0x1p-32L;
      probability[static_cast<std::size_t>(table.centre[place])] += own / static_cast<Real>(n);
      probability[static_cast<std::size_t>(table.centre[n + place])] +=
          (1 - own) / static_cast<Real>(n);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const Real weight = (cumulative[i] - (i == 0 ? 0.0 : cumulative[i - 1])) / sum;
      REQUIRE(static_cast<double>(std::abs(probability[i] - weight)) <= 0x1p-31);
    }
  }
}

// --- The laws of whole groups. Seeds were fixed before the first run. ----------------------------

/// A million draws: 16 candidates of 62,500.
std::vector<float> sample(const Fill& fill) {
  std::vector<float> z(62500 * group_width);
  fill(0, 62500, z);
  std::sort(z.begin(), z.end());
  return z;
}

/// Kolmogorov's distance of a sorted sample from a continuous law, times sqrt(n), taken at every
/// 16th draw: at most 16 / sqrt(n) too small. `stretch` multiplies the draws.
double distance(const std::vector<float>& z, const std::function<double(double)>& cdf,
                double stretch) {
  const auto n = static_cast<double>(z.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < z.size(); i += 16) {
    const double p = cdf(stretch * static_cast<double>(z[i]));
    worst = std::max({worst, static_cast<double>(i + 1) / n - p, p - static_cast<double>(i) / n});
  }
  return worst * std::sqrt(n);
}

struct LawCase {
  std::string name;
  Fill fill;
  std::function<double(double)> cdf;
};

template <class Draw, class Function>
Fill group(const Draw& draw, Function draw_group) {
  PerLane<Draw> lanes;
  lanes.fill(draw);
  return [=](std::size_t first, std::size_t draws, std::span<float> z) {
    draw_group(Key{75, 76}, addresses(), lanes, first, draws, z);
  };
}

LawCase power_case(double rate) {
  return {"power_law " + std::to_string(rate), group(PowerLawDraw(rate), draw_power_law),
          [=](double z) {
            if (rate == 0.0) return z;
            return std::expm1(-std::abs(rate) * (rate > 0.0 ? 1.0 - z : z)) /
                       std::expm1(-std::abs(rate)) * (rate > 0.0 ? -1.0 : 1.0) +
                   (rate > 0.0 ? 1.0 : 0.0);
          }};
}

LawCase truncated_case(const Interval& interval, bool mirrored) {
  const double p0 = static_cast<double>(below(interval.low));
  const double mass = static_cast<double>(below(interval.low + interval.width)) - p0;
  return {"truncated_normal " + std::to_string(interval.low) + " width " +
              std::to_string(interval.width),
          group(TruncatedDraw(interval.low, interval.width, mirrored), draw_truncated_normal),
          [=](double z) {
            const double y = mirrored ? 1.0 - z : z;
            const double p =
                (bm::cdf(bm::normal_distribution<>(), interval.low + interval.width * y) - p0) /
                mass;
            return mirrored ? 1.0 - p : p;
          }};
}

LawCase student_case(double nu) {
  return {"student_t " + std::to_string(nu), group(StudentDraw(nu), draw_student_t),
          [law = bm::students_t_distribution<>(nu)](double z) { return bm::cdf(law, z); }};
}

std::vector<LawCase> law_cases() {
  const auto phi = [](double t) { return 0.5 * std::erfc(-t / std::sqrt(2.0)); };
  const Fill uniform = [](std::size_t first, std::size_t draws, std::span<float> z) {
    draw_uniform({75, 76}, addresses(), first, draws, z);
  };
  const Fill empirical = [](std::size_t first, std::size_t draws, std::span<float> z) {
    static const CentreTable table(centres, cumulative_weights, 0.3, 21.8, 1.3);
    draw_empirical({75, 76}, addresses(), table, first, draws, z);
  };
  return {
      {"uniform", uniform, [](double z) { return z; }},
      power_case(0.0),
      power_case(0.7),
      power_case(-2.3),
      power_case(60.0),
      power_case(-690.0),
      truncated_case({-2.5, 5.5}, false),
      truncated_case({-8.0, 8.0}, true),
      truncated_case({-3.2, 0.3}, false),
      truncated_case({-12.0, 4.0}, true),
      student_case(2.0),
      student_case(4.5),
      student_case(1e6),
      {"mixture", group(MixtureDraw(std::span(four)), draw_mixture),
       [=](double z) {
         return (phi((z + 2.0) / 0.5) + 2.0 * phi((z - 0.5) / 0.25) + 0.5 * phi((z - 3.0) / 1.5)) /
                3.5;
       }},
      {"empirical", empirical, [=](double z) {
         double sum = 0.0;
         for (std::size_t i = 0; i < centres.size(); ++i) {
           const double weight = cumulative_weights[i] - (i ? cumulative_weights[i - 1] : 0.0);
           sum += weight * phi((21.8 + 1.3 * z - centres[i]) / 0.3) / 5.0;
         }
         return sum;
       }}};
}

TEST_CASE("Sizes drawn in groups follow their laws, and a scale off by 2 % shows",
          "[statistical]") {
  for (const LawCase& c : law_cases()) {
    INFO(c.name);
    const std::vector<float> z = sample(c.fill);
    // P(sqrt(n) D > 2.7) < 2 exp(-2 2.7^2) = 1e-6 for each of 15 laws (Massart, 1990).
    CHECK(distance(z, c.cdf, 1.0) <= 2.7 - 0.016);
    CHECK(distance(z, c.cdf, 1.02) > 2.7);
    // Beyond the probability 1e-4 on each side are 50 to 160: their number is binomial with mean
    // 100, outside with probability below 1e-6.
    const auto p = [&](std::size_t i) { return c.cdf(static_cast<double>(z[i])); };
    CHECK(p(49) < 1e-4);
    CHECK(p(160) > 1e-4);
    CHECK(p(z.size() - 50) > 1.0 - 1e-4);
    CHECK(p(z.size() - 161) < 1.0 - 1e-4);
  }
}

TEST_CASE("A grid's points are equally frequent", "[statistical]") {
  const Fill fill = group(GridDraw{64}, draw_grid);
  std::vector<double> counts(64, 0.0);
  for (const float z : sample(fill)) counts[static_cast<std::size_t>(z)] += 1.0;
  double statistic = 0.0;
  for (const double n : counts) statistic += (n - 15625.0) * (n - 15625.0) / 15625.0;
  CHECK(statistic < 131.0);  // chi-square with 63 degrees of freedom: 1e-6
}

}  // namespace
}  // namespace flopsieve::kernels
