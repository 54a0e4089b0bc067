#pragma once

#include <string>

#include "jobs/scaling/fit_content.hpp"

namespace flopsieve::jobs {

/// For people.
std::string fit_text(const FitContent& content);

/// A row per fitted number, budget and optimum.
std::string fit_csv(const FitContent& content);

/// The names are fixed, see jobs/FITS.md.
std::string fit_json(const FitContent& content);

}  // namespace flopsieve::jobs
