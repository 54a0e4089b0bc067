#pragma once

#include <string>
#include <string_view>

#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// A TOML basic string, quotes included, of ASCII characters only: what parse_toml() accepts. Other
/// characters of the UTF-8 text become escapes; bytes that are not UTF-8 become question marks.
std::string toml_string(std::string_view text);

/// A value as parse_toml() reads it again, on one line.
std::string toml_value(const Value& value);

/// A whole document as parse_toml() reads it again: keys keep their order within a table, and what
/// stands under a [heading] stands under one again. Arrays that are long take several lines.
std::string toml_document(const Document& document);

}  // namespace flopsieve::jobs
