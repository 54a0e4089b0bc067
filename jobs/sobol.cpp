#include "jobs/sobol.hpp"

#include <boost/random/sobol.hpp>

namespace flopsieve::jobs {

std::vector<std::uint32_t> sobol_points(std::uint64_t points, std::size_t dimensions) {
  std::vector<std::uint32_t> result(points * dimensions);
  boost::random::sobol_engine<std::uint32_t, 32> sequence(dimensions);
  // Boost's sequence begins after the origin.
  for (std::size_t i = dimensions; i < result.size(); ++i) result[i] = sequence();
  return result;
}

}  // namespace flopsieve::jobs
