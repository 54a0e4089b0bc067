#pragma once

#include "engine/candidate.hpp"
#include "engine/moment_bounds.hpp"
#include "engine/plan.hpp"

/// Statistics of a candidate whose sums were taken in single precision (kernels::add_sizes),
/// with a bound of their error: what lies clearly on one side of a limit needs no double precision,
/// and the survivors are those of double precision all the same.
namespace flopsieve::engine {

/// The value in double precision lies within `error` of `value`; +infinity: nothing is known.
struct Screened {
  double value = 0.0;
  double error = 0.0;
};

/// Whether single precision has room for the sizes of a candidate: otherwise its sums have no
/// meaning and must be those of double precision.
bool fits_single_precision(const Candidate& candidate);

/// Bound of the error of log10 of the size sum; or of sizes of which none is farther than so many
/// powers of two from the location.
double log10_sum_error(const Candidate& candidate);
constexpr double log10_sum_error(double farthest) {
  constexpr double log10_of_e = 0.43429448190325182765;
  return (40.0 + 2.0 * farthest) * (single_unit_roundoff * bound_margin * log10_of_e);
}

/// A statistic of a candidate with single-precision sums. `solved`: its location comes from its sum
/// (match = "shift"), so that it has the error of the sum's logarithm.
///
/// With u = 2^-24, n sizes, y the largest abs(scale z) in powers of two and w = z - origin: the sum
/// of sizes has a relative error below (40 + 2 y) u, the p-th moment m_p of w one below 40 u times
/// the mean of abs(w)^p, which is at most sqrt(m_2), m_2, sqrt(m_2 m_4), m_4. That holds for the z
/// of every family (kernels::add_sizes). These are propagated through the definitions by the mean
/// value theorem. What rounding in double precision adds is below 1e-11 n (1 + abs(value)),
/// provided that the variance of z is above m_2 / 100, and m_2 above 2^-50, where no power
/// underflows that matters; otherwise nothing is known. What comes from extremes or sizes in order
/// about a given location has the very bits of double precision: no error.
Screened screen(const Statistic& statistic, const Candidate& candidate, bool solved,
                OrderedSizes& ordered);

/// What a constraint compares with its bounds, from its statistic and, for a ratio, that of the
/// survivor of the year before. No error gives none.
Screened compared(const Constraint& constraint, const Candidate& candidate, const Screened& known,
                  double previous);

}  // namespace flopsieve::engine
