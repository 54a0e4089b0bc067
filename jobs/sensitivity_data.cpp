#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "jobs/csv_rows.hpp"
#include "jobs/sensitivity_report.hpp"

namespace flopsieve::jobs {
namespace {

using Json = nlohmann::ordered_json;

Json known(double value) {
  return std::isnan(value) ? Json() : Json(value);
}

Json known(const std::optional<double>& value) {
  return value ? known(*value) : Json();
}

Json index_json(const SensitivityIndex& index) {
  Json json = {{"value", known(index.value)}};
  if (index.noise_floor) {
    json["noise_floor"] = known(index.noise_floor);
    return json;
  }
  json["low"] = known(index.low);
  json["high"] = known(index.high);
  return json;
}

Json inputs_json(const Sensitivity& result) {
  Json inputs = Json::array();
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    Json indices = Json::object();
    for (std::size_t k = 0; k < result.index_names.size(); ++k) {
      indices[result.index_names[k]] = index_json(result.rows[i].indices[k]);
    }
    inputs.push_back({{"input", result.rows[i].input}, {"rank", i + 1}, {"indices", indices}});
  }
  return inputs;
}

std::string csv_number(double value) {
  return std::isnan(value) ? "" : fmt::format("{}", value);
}

}  // namespace

std::string sensitivity_csv(const SensitivityContent& content) {
  std::string text = "metric,measure,input,rank,index,value,low,high,noise_floor\n";
  for (const Sensitivity& result : content.metrics) {
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
      for (std::size_t k = 0; k < result.index_names.size(); ++k) {
        const SensitivityIndex& index = result.rows[i].indices[k];
        text += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_quoted(result.metric),
                            measure_word(result.measure), csv_quoted(result.rows[i].input), i + 1,
                            result.index_names[k], csv_number(index.value), csv_number(index.low),
                            csv_number(index.high),
                            index.noise_floor ? csv_number(*index.noise_floor) : "");
      }
    }
  }
  return text;
}

std::string sensitivity_json(const SensitivityContent& content) {
  Json json = {{"file", content.file},
               {"kind", content.design.empty() ? "run" : "sweep"},
               {"design", content.design.empty() ? Json() : Json(content.design)},
               {"common_random_numbers",
                content.design.empty() ? Json() : Json(content.common_random_numbers)},
               {"metrics", Json::array()}};
  for (const Sensitivity& result : content.metrics) {
    json["metrics"].push_back({{"metric", result.metric},
                               {"measure", measure_word(result.measure)},
                               {"unit", result.unit},
                               {"used", result.used},
                               {"left_out", result.left_out},
                               {"mean", result.mean},
                               {"sd", result.sd},
                               {"noise_share", known(result.noise_share)},
                               {"r_squared", known(result.r_squared)},
                               {"notes", result.notes},
                               {"inputs", inputs_json(result)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace flopsieve::jobs
