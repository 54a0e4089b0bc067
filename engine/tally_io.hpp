#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/h5.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// The dimension of a dataset in `group` along a scale that write_scales() wrote there.
Dimension along(const char* group, const char* scale, std::uint64_t length);

/// Writes scales of these names (format.hpp) into a group, "" being the root: xarray finds the
/// coordinates of a group only in the group itself.
void write_scales(H5File& file, const Plan& plan, const std::string& group,
                  const std::vector<std::string>& names);

/// Writes /histograms/* with its scales. `deflate` as in DatasetInfo.
void write_histograms(H5File& file, const Plan& plan, const Tally& tally, int deflate);

/// Adds the stored histograms to those of `tally`.
void add_histograms(const H5File& file, const Plan& plan, Tally& tally);

}  // namespace flopsieve::engine
