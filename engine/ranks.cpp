#include "engine/ranks.hpp"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace flopsieve::engine {
namespace {

std::optional<int> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

Launch launch_of_environment() {
  // A batch script has Slurm's number of tasks too, but no rank of PMIx.
  constexpr const char* variables[][2] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                          {"PMIX_RANK", "SLURM_STEP_NUM_TASKS"}};
  for (const auto& [rank_variable, count_variable] : variables) {
    const std::optional<int> rank = number_in(rank_variable);
    const std::optional<int> count = number_in(count_variable);
    if (rank && count && *rank >= 0 && *rank < *count) return {*rank, *count};
  }
  return {};
}

}  // namespace flopsieve::engine
