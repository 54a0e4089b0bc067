#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/scaling/token_budget.hpp"

/// What the subcommands of flopsieve scaling do once their options are read. Each returns the exit
/// code or throws engine::Error; results go to stdout.
namespace flopsieve::jobs {

/// How results are printed.
struct ScalingFormat {
  std::string format = "table";  ///< table, csv or json
  bool json = false;             ///< the same as format "json"
};

/// Exactly one of the three.
struct BudgetOptions {
  std::optional<double> flop;
  std::optional<double> tokens;
  std::optional<double> parameters;
};

struct OptimalCommand {
  BudgetOptions budget;
  std::string law = "all";
  DataOptions data;
  double interval = 0.9;  ///< probability between its ends
  std::int64_t draws = 100'000;
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: as many as the affinity mask, or Slurm, allows
  ScalingFormat output;
};
int scaling_optimal(const OptimalCommand& command);

/// A shape as the command line gives it; what is absent comes from the preset, or else from
/// d_model: see shape_of().
struct ShapeOptions {
  std::string preset;
  std::string architecture;  ///< decoder-only, encoder, decoder, encoder-decoder
  std::optional<std::int64_t> d_model, heads, kv_heads, head_size, d_ff, layers, encoder_layers,
      decoder_layers, vocabulary, context;
  std::string positions;  ///< learned, sinusoidal, relative, rotary, none
  std::string norm;       ///< layer, rms
  std::optional<bool> tied, bias, gated, final_norm;
};

struct ParametersCommand {
  ShapeOptions shape;
  ScalingFormat output;
};
int scaling_parameters(const ParametersCommand& command);

struct DesignCommand {
  BudgetOptions budget;
  std::string law = "tokens-per-parameter=20";  ///< from FLOP or tokens to parameters
  DataOptions data;                             ///< its vocabulary is the shape's
  ShapeOptions shape;  ///< what is fixed; the dimensions among them only by the ranges
  /// "64:1024:64" (from, to, step) or one number; "" chooses from the budget.
  std::string d_model, heads, head_size, d_ff, layers;
  double tolerance = 0.01;     ///< share of the target within which proportions decide
  bool non_embedding = false;  ///< the target counts no embeddings; that of kaplan never does
  std::int64_t rows = 10;
  int threads = 0;
  ScalingFormat output;
};
int scaling_design(const DesignCommand& command);

struct FitCommand {
  std::string csv;
  std::string approach = "3";  ///< 1, 2 or 3
  /// "": found by name.
  std::string parameters_column, tokens_column, flop_column, loss_column, run_column;
  std::int64_t drop_highest = 0;  ///< losses left out
  double delta = 1e-3;            ///< of the Huber loss
  std::vector<double> levels;     ///< of approach 2, FLOP; empty: told apart by gaps
  std::vector<double> budgets = {1e24, 1e25, 1e26};  ///< FLOP whose optimum is told
  std::int64_t resamples = 4'000;
  std::uint64_t seed = 1;
  double interval = 0.9;
  std::string output;  ///< result file (HDF5); "": none
  int threads = 0;
  std::string backend = "tbb";
  std::vector<std::string> command_line;  ///< kept in the result file
  ScalingFormat format;
};
int scaling_fit(const FitCommand& command);

}  // namespace flopsieve::jobs
