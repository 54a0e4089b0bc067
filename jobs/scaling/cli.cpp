#include "jobs/scaling/cli.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

namespace flopsieve::jobs {
namespace {

/// An empty value is mostly a shell variable that was never set.
std::string demand_value(const std::string& text) {
  return text.empty() ? "the value is empty" : "";
}

/// CLI11 would take -1 for the largest of all seeds.
std::string demand_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  if (error == std::errc() && stop == end) return "";
  return "\"" + text + "\" is not a whole number from 0 to 18446744073709551615";
}

void add_format(CLI::App& app, ScalingFormat& output) {
  CLI::Option* format = app.add_option("--format", output.format, "table (default), csv or json");
  app.add_flag("--json", output.json, "The same as --format json")->excludes(format);
}

void add_threads(CLI::App& app, int& threads) {
  app.add_option("--threads", threads, "Threads (default: all this process may use)")
      ->check(CLI::Range(1, 4096));
}

void add_budget(CLI::App& app, BudgetOptions& budget) {
  CLI::Option_group* group = app.add_option_group("budget", "Exactly one of them");
  group->add_option("--flop", budget.flop, "Training compute, FLOP: 1e26");
  group->add_option("--tokens", budget.tokens, "Tokens that there are: 558382");
  group->add_option("--parameters", budget.parameters, "Parameters: 70e9");
  group->require_option(1);
}

void add_data(CLI::App& app, DataOptions& data) {
  app.add_option("--vocabulary", data.vocabulary, "Entries of the vocabulary");
  app.add_option("--unknown-rate", data.unknown_rate,
                 "Share of the tokens that the vocabulary lacks (default 0)");
  app.add_option("--unknown", data.unknown,
                 "Such tokens: skip them, or keep them as one more entry of the vocabulary");
  app.add_option("--epochs", data.epochs,
                 "How often the data are seen (default 1); repeated tokens are worth less "
                 "(Muennighoff et al. 2023)");
}

void add_optimal(CLI::App& scaling, OptimalCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = scaling.add_subcommand(
      "optimal", "Parameters, tokens and loss of compute-optimal training, by law");
  add_budget(*sub, command.budget);
  sub->add_option("--law", command.law, "A law by its name, or all (default)");
  add_data(*sub, command.data);
  sub->add_option("--interval", command.interval,
                  "Probability within the intervals of uncertain laws (default 0.9)");
  sub->add_option("--draws", command.draws, "Draws of uncertain constants (default 100000)");
  sub->add_option("--seed", command.seed, "Of these draws (default 1)")->check(demand_seed);
  add_threads(*sub, command.threads);
  add_format(*sub, command.output);
  sub->footer("Example: flopsieve scaling optimal --flop 1e26 --law all");
  sub->callback([&] { chosen = [&] { return scaling_optimal(command); }; });
}

/// All of a shape but its dimensions.
void add_kind_of_shape(CLI::App& app, ShapeOptions& shape, const char* default_positions) {
  app.add_option("--preset", shape.preset,
                 "gpt2, gpt2-medium, gpt2-large, gpt2-xl, gpt3-175b, chinchilla-70b, gopher-280b "
                 "or pytorch-default; other options change it");
  app.add_option("--architecture", shape.architecture,
                 "decoder-only (default), encoder, decoder (with cross-attention) or "
                 "encoder-decoder");
  app.add_option("--context", shape.context, "Positions of the context (default 1024)");
  app.add_option("--positions", shape.positions,
                 std::string("learned, sinusoidal, relative, rotary or none (default ") +
                     default_positions + ")");
  app.add_option("--norm", shape.norm, "layer (default) or rms");
  // A flag on a variable would set it to false where the flag is absent.
  const auto flag = [&](const char* name, std::optional<bool>& value, const char* what) {
    app.add_flag_function(
        name, [&value](std::int64_t count) { value = count > 0; }, what);
  };
  flag("--tied,!--untied", shape.tied, "Embedding and output share a matrix (default)");
  flag("--bias,!--no-bias", shape.bias, "Linear layers and layer norms have biases (default)");
  flag("--gated,!--no-gated", shape.gated, "Gated feed-forward: three matrices");
  flag("--final-norm,!--no-final-norm", shape.final_norm, "A norm after the last layer (default)");
}

void add_parameters(CLI::App& scaling, ParametersCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = scaling.add_subcommand(
      "parameters", "Parameters of a transformer, to the last one, and FLOP per token");
  ShapeOptions& shape = command.shape;
  add_kind_of_shape(*sub, shape, "learned");
  const auto number = [&](const char* name, std::optional<std::int64_t>& value, const char* what) {
    sub->add_option(name, value, what);
  };
  number("--d-model", shape.d_model, "Width of the residual stream");
  number("--heads", shape.heads, "Attention heads");
  number("--kv-heads", shape.kv_heads, "Heads of keys and values (default: as many)");
  number("--head-size", shape.head_size, "Width of a head (default: d_model / heads)");
  number("--d-ff", shape.d_ff,
         "Width of the feed-forward layer (default: 4 d_model; 8/3 of it if gated)");
  number("--layers", shape.layers, "Layers");
  number("--encoder-layers", shape.encoder_layers, "Of an encoder-decoder");
  number("--decoder-layers", shape.decoder_layers, "Of an encoder-decoder");
  number("--vocabulary", shape.vocabulary, "Entries of the vocabulary; 0: no embedding");
  add_format(*sub, command.output);
  sub->footer("Example: flopsieve scaling parameters --preset gpt2");
  sub->callback([&] { chosen = [&] { return scaling_parameters(command); }; });
}

void add_design(CLI::App& scaling, DesignCommand& command, std::function<int()>& chosen) {
  CLI::App* sub =
      scaling.add_subcommand("design", "Shapes of transformers with about so many parameters");
  add_budget(*sub, command.budget);
  sub->add_option("--law", command.law,
                  "From FLOP or tokens to parameters (default tokens-per-parameter=20)");
  add_data(*sub, command.data);
  add_kind_of_shape(*sub, command.shape, "rotary");
  const auto range = [&](const char* name, std::string& value, const char* what) {
    sub->add_option(name, value, what)->type_name("FROM:TO:STEP");
  };
  range("--d-model", command.d_model, "Width of the residual stream, or one number");
  range("--heads", command.heads, "Attention heads");
  range("--head-size", command.head_size, "Width of a head");
  range("--d-ff", command.d_ff, "Width of the feed-forward layer");
  range("--layers", command.layers, "Layers");
  sub->add_option("--kv-heads", command.shape.kv_heads,
                  "Heads of keys and values (default: as many as heads)");
  sub->add_option("--tolerance", command.tolerance,
                  "Share of the target within which proportions decide (default 0.01)");
  sub->add_flag("--non-embedding", command.non_embedding,
                "The target counts no embeddings (as with --law kaplan)");
  sub->add_option("--rows", command.rows, "Shapes to print (default 10, at most 100000)");
  add_threads(*sub, command.threads);
  add_format(*sub, command.output);
  sub->footer("Example: flopsieve scaling design --parameters 26590 --vocabulary 64");
  sub->callback([&] { chosen = [&] { return scaling_design(command); }; });
}

void add_fit(CLI::App& scaling, FitCommand& command, std::function<int()>& chosen) {
  CLI::App* sub =
      scaling.add_subcommand("fit", "Fit a law to training runs, with bootstrap intervals");
  sub->add_option("CSV", command.csv, "Columns parameters, tokens or flop, and loss")->required();
  sub->add_option("--approach", command.approach,
                  "Of Hoffmann et al. (2022): 3 (default), the parametric loss; 1, the envelope of "
                  "training curves; 2, IsoFLOP parabolas");
  const auto column = [&](const char* name, std::string& value, const char* what) {
    sub->add_option(name, value, what)->type_name("COLUMN");
  };
  column("--parameters-column", command.parameters_column, "Name of the column of parameters");
  column("--tokens-column", command.tokens_column, "Of tokens");
  column("--flop-column", command.flop_column, "Of FLOP, in place of tokens: D = C / (6 N)");
  column("--loss-column", command.loss_column, "Of the loss, nats per token");
  column("--run-column", command.run_column,
         "Of what tells training curves apart, for approach 1 (default: the parameters)");
  sub->add_option("--drop-highest", command.drop_highest,
                  "Leave out so many of the highest losses (default 0)");
  sub->add_option("--delta", command.delta,
                  "Of the Huber loss of log loss (default 0.001; 1: least squares)");
  sub->add_option("--levels", command.levels,
                  "Of approach 2, FLOP: 6e18,1e19,... (default: told apart by gaps of 10 %)")
      ->delimiter(',');
  sub->add_option("--budgets", command.budgets,
                  "FLOP whose best parameters and tokens are told (default 1e24,1e25,1e26)")
      ->delimiter(',');
  sub->add_option("--resamples", command.resamples, "Of the bootstrap (default 4000; 0: none)");
  sub->add_option("--seed", command.seed, "Of the bootstrap (default 1)")->check(demand_seed);
  sub->add_option("--interval", command.interval, "Probability within intervals (default 0.9)");
  sub->add_option("-o,--output", command.output, "Result file (HDF5)");
  add_threads(*sub, command.threads);
  sub->add_option("--backend", command.backend, "tbb (default), openmp or serial; same results");
  add_format(*sub, command.format);
  sub->footer("Example: flopsieve scaling fit runs.csv -o law.h5");
  sub->callback([&] { chosen = [&] { return scaling_fit(command); }; });
}

/// Of every option that takes one, also of groups of options.
void demand_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_expected_max() > 0) option->check(demand_value);
  }
  for (CLI::App* group : app.get_subcommands({})) demand_values(*group);
}

}  // namespace

void add_scaling(CLI::App& app, ScalingCommands& all, std::function<int()>& chosen) {
  CLI::App* scaling = app.add_subcommand(
      "scaling", "Scaling laws: parameters, tokens and shapes for a budget, and fits");
  scaling->require_subcommand(1);
  add_optimal(*scaling, all.optimal, chosen);
  add_parameters(*scaling, all.parameters, chosen);
  add_design(*scaling, all.design, chosen);
  add_fit(*scaling, all.fit, chosen);
  for (CLI::App* sub : scaling->get_subcommands({})) demand_values(*sub);
}

}  // namespace flopsieve::jobs
