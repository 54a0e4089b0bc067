#include "jobs/models_parser.hpp"

#include "jobs/count_parser.hpp"
#include "jobs/match_parser.hpp"
#include "jobs/method_parser.hpp"
#include "jobs/sizes_parser.hpp"

namespace flopsieve::jobs {

void parse_models(TableReader table, const Calibration& calibration, StateSource& state,
                  engine::Plan& plan) {
  parse_sizes(table, calibration, state, plan);
  parse_count(table, calibration, plan);
  parse_match(table, plan);
  parse_method(table, plan);
  table.finish();
}

}  // namespace flopsieve::jobs
