#include "engine/plan.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/error.hpp"
#include "engine/sha256.hpp"

namespace flopsieve::engine {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
concept Plain = std::is_integral_v<T> || std::is_same_v<T, std::string>;

template <class T>
concept Record = std::is_class_v<T> && !Plain<T>;

/// Writes the Plan's fields into a JSON object, or reads them from one: one list of fields serves
/// both directions.
class Archive {
 public:
  enum class Direction { write, read };
  Archive(Direction direction, Json& json) : direction_(direction), json_(json) {}

  /// The canonical text of a record.
  template <class T>
  static std::string text_of(T& record) {
    return write(record).dump();
  }

  template <class T>
  void field(const char* key, T& value) {
    if (direction_ == Direction::write) {
      json_[key] = write(value);
    } else {
      read(json_.at(key), value);
    }
  }

  /// A field that is left out unless it is wanted: Plans without it are as they were before it.
  template <class T>
  void optional_field(const char* key, T& value, bool wanted) {
    if (direction_ == Direction::write ? wanted : json_.contains(key)) field(key, value);
  }

 private:
  static Json write(double value) { return fmt::format("{:a}", value); }
  static void read(Json& json, double& value) {
    value = std::strtod(json.get_ref<const std::string&>().c_str(), nullptr);
  }

  template <Plain T>
  static Json write(const T& value) {
    return value;
  }
  template <Plain T>
  static void read(Json& json, T& value) {
    value = json.get<T>();
  }

  template <class T>
  requires std::is_enum_v<T>
  static Json write(const T& value) { return static_cast<int>(value); }
  template <class T>
  requires std::is_enum_v<T>
  static void read(Json& json, T& value) { value = static_cast<T>(json.get<int>()); }

  template <class T>
  static Json write(std::vector<T>& values) {
    Json array = Json::array();
    for (T& value : values) array.push_back(write(value));
    return array;
  }
  template <class T>
  static void read(Json& json, std::vector<T>& values) {
    values.resize(json.size());
    for (std::size_t i = 0; i < values.size(); ++i) read(json[i], values[i]);
  }

  template <class T, std::size_t n>
  static Json write(std::array<T, n>& values) {
    Json array = Json::array();
    for (T& value : values) array.push_back(write(value));
    return array;
  }
  template <class T, std::size_t n>
  static void read(Json& json, std::array<T, n>& values) {
    for (std::size_t i = 0; i < n; ++i) read(json.at(i), values[i]);
  }

  template <Record T>
  static Json write(T& value) {
    Json json = Json::object();
    Archive archive(Direction::write, json);
    describe(archive, value);
    return json;
  }
  template <Record T>
  static void read(Json& json, T& value) {
    Archive archive(Direction::read, json);
    describe(archive, value);
  }

  static void describe(Archive& a, CalibrationUsed& v) {
    a.field("name", v.name);
    a.field("sha256", v.sha256);
  }
  static void describe(Archive& a, Argument& v) {
    a.field("value", v.value);
    a.field("times", v.times);
    a.field("reference", v.reference);
  }
  static void describe(Archive& a, Distribution& v) {
    a.field("law", v.law);
    a.field("arguments", v.arguments);
    a.field("lower", v.lower);
    a.field("upper", v.upper);
  }
  static void describe(Archive& a, Input& v) {
    a.field("scope", v.scope);
    a.field("year_correlation", v.year_correlation);
    a.field("years", v.years);
  }
  static void describe(Archive& a, Total& v) {
    a.field("model", v.model);
    a.field("parameters", v.parameters);
    a.field("growth", v.growth);
    a.field("base_flop", v.base_flop);
    a.field("usage_multiplier", v.usage_multiplier);
    a.field("base_year", v.base_year);
    a.field("train_share", v.train_share);
    a.field("trend", v.trend);
    a.field("log10_ceiling", v.log10_ceiling);
    a.field("known_log10", v.known_log10);
  }
  static void describe(Archive& a, TrendFit& v) {
    a.field("centre", v.centre);
    a.field("intercept", v.intercept);
    a.field("slope", v.slope);
    a.field("residual_variance", v.residual_variance);
    a.field("intercept_factor", v.intercept_factor);
    a.field("slope_factor", v.slope_factor);
    a.field("degrees_of_freedom", v.degrees_of_freedom);
  }
  static void describe(Archive& a, Kink& v) {
    a.field("weight", v.weight);
    a.field("knot", v.knot);
    a.field("coefficients", v.coefficients);
    a.field("factor", v.factor);
    a.field("residual_variance", v.residual_variance);
    a.field("degrees_of_freedom", v.degrees_of_freedom);
  }
  static void describe(Archive& a, Count& v) {
    a.field("model", v.model);
    a.field("parameters", v.parameters);
    a.field("trend", v.trend);
    a.field("kinks", v.kinks);
  }
  static void describe(Archive& a, MixtureInputs& v) {
    a.field("weight", v.weight);
    a.field("mean", v.mean);
    a.field("sd", v.sd);
  }
  static void describe(Archive& a, KernelPoints& v) {
    a.field("centres", v.centres);
    a.field("cumulative_weights", v.cumulative_weights);
    a.field("bandwidth", v.bandwidth);
    a.field("mean", v.mean);
    a.field("sd", v.sd);
  }
  static void describe(Archive& a, Sizes& v) {
    a.field("family", v.family);
    a.field("parameters", v.parameters);
    a.field("components", v.components);
    a.field("bins", v.bins);
    a.field("kernel", v.kernel);
  }
  static void describe(Archive& a, Matching& v) {
    a.field("match", v.match);
    a.field("tolerance", v.tolerance);
    a.field("bound", v.bound);
    a.field("peak", v.peak);
  }
  static void describe(Archive& a, Sampling& v) {
    a.field("method", v.method);
    a.field("automatic", v.automatic);
    a.field("reason", v.reason);
    a.field("filtered", v.filtered);
  }
  static void describe(Archive& a, StatePoint& v) {
    a.field("weight", v.weight);
    a.field("level", v.level);
    a.field("slope", v.slope);
    a.field("chol_11", v.chol_11);
    a.field("chol_21", v.chol_21);
    a.field("chol_22", v.chol_22);
    a.field("level_sd", v.level_sd);
    a.field("slope_sd", v.slope_sd);
  }
  static void describe(Archive& a, StateSpace& v) {
    a.field("last_year", v.last_year);
    a.field("fitted_mean_sd", v.fitted_mean_sd);
    a.field("ratio_weights", v.ratio_weights);
    a.field("points", v.points);
    a.field("grid", v.grid);
    a.field("observed", v.observed);
    a.field("standard_errors", v.standard_errors);
  }
  static void describe(Archive& a, Statistic& v) {
    a.field("kind", v.kind);
    a.field("parameter", v.parameter);
  }
  static void describe(Archive& a, Constraint& v) {
    a.field("name", v.name);
    a.field("statistic", v.statistic);
    a.field("relative_to", v.relative_to);
    a.field("active", v.active);
    a.field("lower", v.lower);
    a.field("upper", v.upper);
    a.field("centre", v.centre);
    a.field("spread", v.spread);
    a.field("address", v.address);
    a.optional_field("ceiling", v.ceiling, v.has_ceiling());
  }
  static void describe(Archive& a, Ceiling& v) {
    a.field("low", v.low);
    a.field("high", v.high);
    a.field("scope", v.scope);
  }
  static void describe(Archive& a, Money& v) {
    a.field("flop_per_usd", v.flop_per_usd);
    a.field("improvement", v.improvement);
    a.field("base_year", v.base_year);
    a.field("revenue", v.revenue);
  }
  static void describe(Archive& a, Scaling& v) {
    a.field("at_one_flop", v.at_one_flop);
    a.field("slope", v.slope);
  }
  static void describe(Archive& a, Precision& v) {
    a.field("absolute", v.absolute);
    a.field("relative", v.relative);
  }
  static void describe(Archive& a, Frontier& v) {
    a.field("widths", v.widths);
    a.field("periods", v.periods);
    a.field("log10_start", v.log10_start);
  }
  static void describe(Archive& a, Outputs& v) {
    a.field("thresholds", v.thresholds);
    a.field("forecast_from", v.forecast_from);
    a.field("cumulative_base", v.cumulative_base);
    a.field("cumulative_from", v.cumulative_from);
    a.field("observed", v.observed);
    a.field("quantiles", v.quantiles);
    a.field("statistics", v.statistics);
    a.field("frontier", v.frontier);
    a.field("keep", v.keep);
    a.field("keep_samples", v.keep_samples);
  }

  Direction direction_;
  Json& json_;
};

void describe_plan(Archive& a, Plan& plan) {
  a.field("title", plan.title);
  a.field("calibration", plan.calibration);
  a.field("seed", plan.seed);
  a.field("years", plan.years);
  a.field("trajectories", plan.trajectories);
  a.field("attempts", plan.attempts);
  a.field("batch_trajectories", plan.batch_trajectories);
  a.field("automatic_batch", plan.automatic_batch);
  a.field("total", plan.total);
  a.field("count", plan.count);
  a.field("sizes", plan.sizes);
  a.field("matching", plan.matching);
  a.field("sampling", plan.sampling);
  a.field("constraints", plan.constraints);
  a.field("cascade", plan.cascade);
  a.field("money", plan.money);
  a.field("scaling", plan.scaling);
  a.field("state", plan.state);
  a.field("outputs", plan.outputs);
  a.field("precision", plan.precision);
}

Json to_json(Plan plan) {
  Json json = Json::object();
  json["sampling_version"] = sampling_version;
  Archive archive(Archive::Direction::write, json);
  describe_plan(archive, plan);
  return json;
}

}  // namespace

std::string_view matching_name(Match match) {
  if (match == Match::shift) return "mean_prior";
  return match == Match::last ? "largest_pays" : "total_match";
}

std::uint32_t soft_address(const Constraint& constraint) {
  Constraint said = constraint;
  said.name.clear();
  said.address = 0;
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : Archive::text_of(said)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  }
  return hash;
}

std::vector<std::string> rejector_names(const Plan& plan) {
  std::vector<std::string> names{std::string(matching_name(plan.matching.match))};
  for (const Constraint& constraint : plan.constraints) names.push_back(constraint.name);
  return names;
}

std::string plan_to_json(const Plan& plan) {
  return to_json(plan).dump();
}

Plan plan_from_json(const std::string& text) {
  try {
    Json json = Json::parse(text);
    const int version = json.at("sampling_version").get<int>();
    if (version != sampling_version) {
      throw Error(ExitCode::storage,
                  fmt::format("the stored plan has sampling version {}, this program has {}",
                              version, sampling_version));
    }
    Plan plan;
    Archive archive(Archive::Direction::read, json);
    describe_plan(archive, plan);
    return plan;
  } catch (const Json::exception& error) {
    throw UnreadablePlan(fmt::format("the stored plan cannot be read: {}", error.what()));
  }
}

std::string plan_identity(const Plan& plan) {
  Json json = to_json(plan);
  json.erase("trajectories");
  json.erase("title");
  json.erase("calibration");
  json["sampling"].erase("reason");
  json["sampling"].erase("automatic");
  if (plan.sampling.filtered.empty()) json["sampling"].erase("filtered");
  json.erase("automatic_batch");
  return sha256_hex(json.dump());
}

}  // namespace flopsieve::engine
