#pragma once

#include <exception>
#include <filesystem>
#include <new>
#include <string>

#include "engine/error.hpp"
#include "engine/parts.hpp"
#include "engine/plan.hpp"
#include "engine/sealed.hpp"

namespace flopsieve::engine {

// A seal says that a part is what some program wrote, not that this program wrote it.

/// Throws DamagedPart unless the numbers of batches, rows, sets, sizes and members of histograms
/// fit each other and the Plan, so that whoever goes through the contents stays inside of them.
void demand_consistent(const PartContents& contents, const Plan& plan,
                       const std::filesystem::path& path);

/// What read() returns. What it finds missing or of another shape is a DamagedPart.
template <class Read>
auto read_checked(const std::filesystem::path& path, const Read& read) {
  try {
    return read();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw DamagedPart(path.string() +
                      ": damaged part: it does not hold what a part holds: " + error.what());
  }
}

}  // namespace flopsieve::engine
