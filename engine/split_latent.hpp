#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/plan.hpp"
#include "engine/streams.hpp"

namespace flopsieve::engine {

/// Which normals of a point (split.hpp) are the inputs of a candidate: one for every uniform that
/// InputSampler draws for a candidate of a year, and one for each soft constraint that has
/// one of its own. What is constant, or belongs to the trajectory, has none.
class SplitLatent : public LatentUniforms {
 public:
  SplitLatent(const Plan& plan, std::uint32_t year_index);

  /// They are the first so many normals of a point.
  std::size_t size() const { return keys_.size(); }

  /// The uniforms of this point hold from now on; it must outlive them.
  void set(std::span<const double> point) { point_ = point; }

  std::optional<double> find(Stream stream, std::uint32_t index) const override;

  /// Places of the normals that decide on k: those of the parameters of its law, and that of its
  /// draw.
  const std::vector<std::size_t>& count_parameters() const { return count_parameters_; }
  const std::vector<std::size_t>& count_draws() const { return count_draws_; }

 private:
  struct Key {
    Stream stream;
    std::uint32_t index;
  };

  void add(const Input& input, Stream stream, std::uint32_t index);
  void add_count(const Plan& plan);

  std::uint32_t year_index_;
  std::vector<Key> keys_;
  std::vector<std::size_t> count_parameters_;
  std::vector<std::size_t> count_draws_;
  std::span<const double> point_;
};

/// The uniform of a standard normal, in (0, 1).
double uniform_of_normal(double normal);

}  // namespace flopsieve::engine
