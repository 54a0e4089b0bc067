#pragma once

/// Names that writers and readers of our files share. FORMAT.md describes every one of them.
namespace flopsieve::engine::format {

inline constexpr int version = 1;

inline constexpr char kind_part[] = "flopsieve part";
inline constexpr char kind_run[] = "flopsieve run";
inline constexpr char kind_study[] = "flopsieve study";
inline constexpr char kind_scaling_fit[] = "flopsieve scaling fit";
inline constexpr char kind_sweep[] = "flopsieve sweep";
inline constexpr char kind_sweep_study[] = "flopsieve sweep study";
inline constexpr char study_file[] = "study.h5";  ///< beside the parts of shards

// What the names of parts end with; those of a sweep are not HDF5.
inline constexpr char part_ending[] = ".h5";
inline constexpr char sweep_part_ending[] = ".sweep";

// Attributes of "/".
inline constexpr char kind[] = "kind";
inline constexpr char format_version[] = "format_version";
inline constexpr char identity[] = "identity";
inline constexpr char plan[] = "plan";
inline constexpr char job[] = "job";
inline constexpr char complete[] = "complete";
inline constexpr char metadata_sha256[] = "metadata_sha256";
inline constexpr char command_line[] = "command_line";
inline constexpr char coordinates[] = "coordinates";
inline constexpr char design[] = "design";
inline constexpr char common_random_numbers[] = "common_random_numbers";
inline constexpr char sweep[] = "sweep";
inline constexpr char key[] = "key";  ///< of a setting: the swept key

// Scales, at the root and repeated in every group that uses them.
inline constexpr char trajectory[] = "trajectory";
inline constexpr char year[] = "year";
inline constexpr char threshold[] = "threshold";
inline constexpr char width[] = "width";
inline constexpr char quantile[] = "quantile";
inline constexpr char statistic[] = "statistic";
inline constexpr char constraint[] = "constraint";
inline constexpr char other_constraint[] = "other_constraint";
inline constexpr char bound[] = "bound";
inline constexpr char batch[] = "batch";
inline constexpr char variant[] = "variant";

// Columns of complete trajectories.
inline constexpr char root_trajectory[] = "/trajectory";
inline constexpr char counts_by_trajectory[] = "/counts/by_trajectory";
inline constexpr char statistics_by_trajectory[] = "/statistics/by_trajectory";
inline constexpr char attempt[] = "/acceptance/attempt";
inline constexpr char sample_trajectory[] = "/samples/trajectory";
inline constexpr char sample_year[] = "/samples/year";
inline constexpr char row_size[] = "/samples/row_size";
inline constexpr char log10_flop[] = "/samples/log10_flop";

// Groups.
inline constexpr char counts[] = "/counts";
inline constexpr char frontier[] = "/frontier";
inline constexpr char statistics[] = "/statistics";
inline constexpr char acceptance[] = "/acceptance";
inline constexpr char samples[] = "/samples";
inline constexpr char histograms[] = "/histograms";
inline constexpr char batches[] = "/batches";

}  // namespace flopsieve::engine::format
