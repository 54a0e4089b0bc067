#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/normal_pair.hpp"
#include "kernels/philox.hpp"

/// Draws of standardised sizes by family, one at a time: the definition, bit by bit, of what the
/// vector kernels of families.hpp give. Each struct holds one candidate's constants, computed once,
/// and draw(key, counter, index) is draw `index` of its stream; word 0 of `counter` is replaced by
/// the block. "Lattice" is the spacing of the values of z that can occur, "error" the largest
/// difference from the exact transform of the same word (families_test.cpp, long double).
namespace flopsieve::kernels {

/// z = (w / 2^8, rounded down, + 1/2) / 2^24, rounded to single precision: lattice 2^-24 or finer,
/// 0 < z <= 1. Draw j uses word j.
struct UniformDraw {
  float from_word(std::uint32_t word) const;
  float draw(Key key, Counter counter, std::uint32_t index) const;
};

/// z = 0, ..., points - 1, the upper word of w * points; 1 <= points <= 2^24. Draw j uses word j.
/// A probability differs from 1 / points by less than 2^-32.
struct GridDraw {
  std::uint32_t points = 1;

  float from_word(std::uint32_t word) const;
  float draw(Key key, Counter counter, std::uint32_t index) const;
};

/// Density proportional to e^(rate z) on [0, 1], by inversion: with r = |rate| and y = z or, for a
/// positive rate, 1 - z, y = -ln(v + (1 - v) e^-r) / r. v = (w / 2 + 1/2) / 2^31 keeps its digits
/// near 0, which is the thin end. Rates below 2^-23 count as 2^-23. Draw j uses word j.
/// abs(rate) <= 1000. Error of y below 6e-7 max(y, 1 / max(r, 1)) + 6e-8.
struct PowerLawDraw {
  float floor = 1.0f;       ///< e^-r
  float complement = 0.0f;  ///< 1 - e^-r
  float factor = 0.0f;      ///< z = factor * ln(...) + offset
  float offset = 0.0f;

  PowerLawDraw() = default;
  explicit PowerLawDraw(double rate);
  float from_word(std::uint32_t word) const;
  float draw(Key key, Counter counter, std::uint32_t index) const;
};

/// A normal law within [low, low + width] standard deviations, z or (mirrored) 1 - z the fraction
/// of the interval, by inversion; [low, low + width] lies on the side of the lower tail.
///
/// `single`, where the interval is wider than 0.25 and begins less than 3 standard deviations from
/// the mean: draw j uses word j. Both tails are counted from their own end, so that they keep their
/// digits to probability 2^-32 of the interval's, and the half-normal quantile is a rational
/// function of sqrt(-ln 2q) fitted for this program (relative error 1.5e-7 up to 7.6 standard
/// deviations). Error of z * width below 2.5e-6 standard deviations, plus 1e-7 * width.
///
/// Otherwise 53 bits of words 2j and 2j + 1 and normal_quantile (math.hpp), in double precision.
struct TruncatedDraw {
  float twice_below = 0.0f;  ///< 2 P(below the interval) of the whole normal law
  float twice_mass = 1.0f;   ///< 2 P(interval)
  float twice_above = 0.0f;  ///< 2 P(above the interval)
  float factor = 0.0f;       ///< z = factor * t + offset for the normal deviate t
  float offset = 0.0f;
  bool single = true;
  bool mirrored = false;
  double low = 0.0;
  double width = 1.0;
  double below = 0.0;
  double mass = 1.0;

  TruncatedDraw() = default;
  TruncatedDraw(double low, double width, bool mirrored);
  float from_word(std::uint32_t word) const;  ///< if `single`
  float from_words(DrawWords words) const;    ///< if not
  float draw(Key key, Counter counter, std::uint32_t index) const;
};

/// Student's t with nu degrees of freedom: sqrt(nu (U^(-2/nu) - 1)) cos(2 pi V) from words 2j and
/// 2j + 1 (R. W. Bailey, Mathematics of Computation 62 (1994) 779). U has 31 bits: |z| <=
/// sqrt(nu (2^(64/nu) - 1)), 92,682 at nu = 2, 190 at 5, 29 at 10. With R the factor of the cosine
/// the error is below 3e-6 R + min(3e-4, 1e-7 / R): R near 0 has few digits of U near 1. 2 <= nu <=
/// 1e6.
struct StudentDraw {
  float nu = 2.0f;
  float exponent = -1.0f;  ///< -2 / nu

  StudentDraw() = default;
  explicit StudentDraw(double degrees_of_freedom);
  float from_words(DrawWords words) const;
  float draw(Key key, Counter counter, std::uint32_t index) const;
};

/// One normal of a mixture; weights >= 0 with a positive sum, mean relative to the location,
/// sd > 0.
struct MixtureComponent {
  double weight;
  double mean;
  double sd;
};

inline constexpr std::size_t most_drawn_components = 4;

/// Draws 2b and 2b + 1 of a mixture of up to 4 normals use block b: words 0 and 1 give two normals
/// by the method of Box and Muller (|n| < 6.66), words 2 and 3 choose the components, with
/// probabilities within 2^-32 of the weights.
struct MixtureDraw {
  /// Component i + 1 or a later one if the word is above threshold[i]; ascending.
  std::array<std::uint32_t, most_drawn_components - 1> threshold{~0u, ~0u, ~0u};
  std::array<float, most_drawn_components> mean{};
  std::array<float, most_drawn_components> sd{1.0f, 1.0f, 1.0f, 1.0f};

  MixtureDraw() = default;
  /// At most most_drawn_components; those of weight 0 are left out.
  explicit MixtureDraw(std::span<const MixtureComponent> components);
  /// From the word that chooses and a standard normal.
  float from_choice(std::uint32_t word, float normal) const;
  float draw(Key key, Counter counter, std::uint32_t index) const;
};

/// A Gaussian kernel density standardised to z = (x - mean) / sd, for drawing: words 0 and 1 of
/// block b give two normals by the method of Box and Muller, words 2 and 3 choose the centres of
/// draws 2b and 2b + 1 by the alias method (A. J. Walker, ACM Trans. Math. Software 3 (1977) 253;
/// M. D. Vose, IEEE Trans. Software Eng. 17 (1991) 972): with n centres, the upper word of w * n is
/// a place and the lower word decides between the place's own centre and its alias. The
/// probabilities of the centres are off by less than n 2^-31 in all.
struct CentreTable {
  std::vector<std::uint32_t> cutoff;  ///< [place]: its own centre if the lower word is not above
  std::vector<float> centre;          ///< [place] own, then [place] alias; standardised
  float spread = 1.0f;                ///< bandwidth / sd

  CentreTable() = default;
  /// Cumulative weights increase; at most 2^24 centres.
  CentreTable(std::span<const double> centres, std::span<const double> cumulative_weights,
              double bandwidth, double mean, double sd);
  /// From the word that chooses and a standard normal.
  float from_choice(std::uint32_t word, float normal) const;
  float draw(Key key, Counter counter, std::uint32_t index) const;
};

}  // namespace flopsieve::kernels
