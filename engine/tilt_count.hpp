#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/inputs.hpp"
#include "engine/plan.hpp"

namespace flopsieve::engine {

/// The law of the number of models k of a trajectory and year, and what becomes of it when k sizes
/// are tilted: probabilities proportional to prior(k) C^k. A law whose tilted form may have several
/// peaks is cut into groups of k, each of which can have a tilt of its own.
class TiltCount {
 public:
  /// All candidates have the same k.
  explicit TiltCount(std::uint32_t count);

  /// Poisson, negative binomial, or a distribution that is rounded; `parameters` are the mean and
  /// the size. Only where tilt_count_refusal() is empty.
  TiltCount(const Count& count, std::uint32_t year_index, const std::array<double, 2>& parameters);

  std::size_t groups() const { return groups_.size(); }

  /// ln of the prior probability of a group.
  double log_prior(std::size_t group) const { return log_priors_[group]; }

  /// ln of the sum of prior(k) C^k over a group.
  double log_moment(std::size_t group, double log_constant) const;

  /// Tilted probabilities of a group, up to and including first + i; the last is 1.
  struct Table {
    std::uint32_t first = 0;
    std::vector<double> cumulative;
  };
  Table table(std::size_t group, double log_constant) const;

 private:
  /// k from first to last.
  struct Group {
    std::uint32_t first;
    std::uint32_t last;
  };

  void set_by_ratios(const std::function<double(std::uint32_t)>& ratio);
  void set_rounded(const Distribution& distribution);
  void trim();
  void normalise();
  void cut();
  double log_tilted(std::uint32_t k, double log_constant) const;
  std::uint32_t mode(const Group& group, double log_constant) const;

  struct Terms {
    double log_peak;
    std::uint32_t first;
    std::vector<double> terms;
  };
  Terms terms(const Group& group, double log_constant) const;

  double poisson_mean_ = 0.0;  ///< 0: another law
  bool is_concave_ = true;     ///< the logarithm of the probabilities
  std::uint32_t first_ = 1;
  std::vector<double> log_prior_;  ///< of first_ + i
  std::vector<double> ratios_;     ///< of neighbours of the prior, if it is concave
  std::vector<Group> groups_;
  std::vector<double> log_priors_;  ///< of the groups
};

/// Why the number of models of a Plan cannot be tilted; empty where it can. It must be the same for
/// all attempts of a trajectory and year, or drawn for each candidate with a law that attempts
/// share: Poisson, negative binomial, or a distribution that refers to nothing.
std::string tilt_count_refusal(const Count& count);

/// Whether all attempts of a trajectory and year have the same number of models.
bool has_held_count(const Count& count);

/// Whether an input is the same for all attempts of a trajectory and year.
bool is_held(const Input& input);

/// Whether an input is drawn anew for each candidate, from a law that depends on nothing.
bool is_free(const Input& input);

}  // namespace flopsieve::engine
