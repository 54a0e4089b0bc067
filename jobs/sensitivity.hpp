#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "jobs/metric.hpp"
#include "jobs/sweep_data.hpp"

/// Which input moves an output, and by which measure that may be asked: SENSITIVITY.md.
namespace flopsieve::jobs {

enum class SensitivityMeasure : std::uint8_t { sobol, morris, rank, pawn };

/// "sobol", "morris", "rank" or "pawn". Throws Error(bad_input) naming the allowed words.
SensitivityMeasure parse_measure(const std::string& text);

/// The word that parse_measure() reads.
const char* measure_word(SensitivityMeasure measure);

/// Inputs and one output, row by row: the variants of a sweep or the trajectories of a run.
struct Sample {
  std::string file;    ///< for messages
  std::string design;  ///< of a sweep; empty: a run, whose inputs depend on one another
  std::vector<std::string> inputs;           ///< names
  std::vector<std::vector<double>> columns;  ///< [input][row], nan: not defined
  std::vector<std::string> texts;            ///< names of inputs that are no numbers
  std::vector<double> output;                ///< [row], nan: the row has no result
  std::vector<double> errors;                ///< Monte Carlo standard errors; empty: not known
  bool common_random_numbers = false;
  std::vector<std::string> notes;  ///< in words

  bool is_run() const { return design.empty(); }
};

/// The variants of a sweep.
Sample sweep_sample(SweepData& data, const Metric& metric, const std::string& file);

/// So many trajectories of a run are looked at.
inline constexpr std::uint64_t most_trajectories = 100'000;

/// The first complete trajectories of a run: the statistics of its survivors in every year up to
/// the metric's are the inputs. Throws Error(bad_input) where they are not stored, and for a metric
/// that a trajectory has not.
Sample run_sample(const std::filesystem::path& path, const Metric& metric);

/// What a measure says of one input; low and high are its 95 % bootstrap interval, nan where there
/// is none.
struct SensitivityIndex {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
  std::optional<double> noise_floor;  ///< 95 % of inputs without any influence stay below
};

struct SensitivityRow {
  std::string input;
  std::vector<SensitivityIndex> indices;  ///< as Sensitivity::index_names
};

/// The inputs of one output, the most influential first.
struct Sensitivity {
  std::string metric;
  SensitivityMeasure measure = SensitivityMeasure::sobol;
  std::vector<std::string> index_names;
  std::size_t ranked_by = 0;  ///< index whose magnitude orders the rows
  std::vector<SensitivityRow> rows;
  std::string unit;  ///< what is counted next
  std::uint64_t used = 0;
  std::uint64_t left_out = 0;  ///< for want of a result
  double mean = 0.0;           ///< of the output
  double sd = 0.0;
  /// Part of the output's variance that Monte Carlo errors of its values would make if variants had
  /// random numbers of their own.
  std::optional<double> noise_share;
  std::optional<double> r_squared;  ///< of the regression of ranks
  std::vector<std::string> notes;
};

/// By the measure of the sample's design, or by `wanted`. Throws Error(bad_input) where the sample
/// cannot give that, or is too small, or the output is the same in all rows.
Sensitivity analyse(const Sample& sample, const Metric& metric,
                    std::optional<SensitivityMeasure> wanted = {});

}  // namespace flopsieve::jobs
