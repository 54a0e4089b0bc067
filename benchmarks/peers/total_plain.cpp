// The work of benchmarks/jobs/total.toml as one writes it first: the standard library's generator,
// distribution and pow. total_plain CANDIDATES SEED prints the JSON of total_numpy.py.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace {

struct Candidate {
  double total = 0.0, m1 = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0, largest = -1e300;
  std::array<int, 3> above{};
};

template <class Generator>
Candidate draw(Generator& generator) {
  std::normal_distribution<double> law(24.0, 1.5);
  Candidate c;
  for (int i = 0; i < 100; ++i) {
    const double x = law(generator);
    const double m = std::pow(10.0, x);
    const double d = x - 24.0;
    c.total += m;
    c.m1 += d / 100;
    c.m2 += d * d / 100;
    c.m3 += d * d * d / 100;
    c.m4 += d * d * d * d / 100;
    c.largest = std::max(c.largest, x);
    c.above[0] += m >= 1e25;
    c.above[1] += m >= 1e26;
    c.above[2] += m >= 1e27;
  }
  return c;
}

bool survives(const Candidate& c) {
  const double variance = c.m2 - c.m1 * c.m1;
  const double skewness =
      (c.m3 - 3 * c.m1 * c.m2 + 2 * c.m1 * c.m1 * c.m1) / (variance * std::sqrt(variance));
  return std::abs(c.total / 1e28 - 1) <= 0.05 && std::abs(c.m1) <= 0.1 && std::abs(skewness) <= 0.2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const long candidates = std::atol(argv[1]);
  std::mt19937_64 generator(std::strtoull(argv[2], nullptr, 10));
  long survivors = 0;
  double kurtosis = 0.0;
  long above = 0;
  const auto start = std::chrono::steady_clock::now();
  for (long i = 0; i < candidates; ++i) {
    const Candidate c = draw(generator);
    if (!survives(c)) continue;
    ++survivors;
    const double variance = c.m2 - c.m1 * c.m1;
    kurtosis += (c.m4 - 4 * c.m1 * c.m3 + 6 * c.m1 * c.m1 * c.m2 - 3 * std::pow(c.m1, 4)) /
                (variance * variance);
    above += c.above[0] + c.above[1] + c.above[2] + (c.largest >= 27.0);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf(
      "{\"seconds\": %.6f, \"candidates\": %ld, \"survivors\": %ld, \"excess_kurtosis\": %.6f, "
      "\"above\": %ld}\n",
      seconds.count(), candidates, survivors, kurtosis / static_cast<double>(survivors) - 3.0,
      above);
}
