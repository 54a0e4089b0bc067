#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/family_draws.hpp"
#include "kernels/philox.hpp"
#include "kernels/sizes.hpp"

/// Standardised sizes of 16 candidates at once, family by family. Each function fills
/// z[(draw - first) * group_width + lane] for first <= draw < first + draws with the bits of the
/// draw() in family_draws.hpp, on every target. `first` is a multiple of 8, and z has room for
/// `draws` rows. Lanes without a candidate may have constants of any value.
namespace flopsieve::kernels {

void draw_uniform(Key key, const GroupAddress& address, std::size_t first, std::size_t draws,
                  std::span<float> z);

void draw_grid(Key key, const GroupAddress& address, const PerLane<GridDraw>& lanes,
               std::size_t first, std::size_t draws, std::span<float> z);

void draw_power_law(Key key, const GroupAddress& address, const PerLane<PowerLawDraw>& lanes,
                    std::size_t first, std::size_t draws, std::span<float> z);

/// Lanes that are not `single` are drawn one number at a time in double precision.
void draw_truncated_normal(Key key, const GroupAddress& address,
                           const PerLane<TruncatedDraw>& lanes, std::size_t first,
                           std::size_t draws, std::span<float> z);

void draw_student_t(Key key, const GroupAddress& address, const PerLane<StudentDraw>& lanes,
                    std::size_t first, std::size_t draws, std::span<float> z);

void draw_mixture(Key key, const GroupAddress& address, const PerLane<MixtureDraw>& lanes,
                  std::size_t first, std::size_t draws, std::span<float> z);

/// All lanes have the same centres.
void draw_empirical(Key key, const GroupAddress& address, const CentreTable& table,
                    std::size_t first, std::size_t draws, std::span<float> z);

}  // namespace flopsieve::kernels
