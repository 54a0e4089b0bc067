#pragma once

#include <string>
#include <string_view>

namespace flopsieve::jobs {

/// A TOML basic string, quotes included, of ASCII characters only: what parse_toml() accepts. Other
/// characters of the UTF-8 text become escapes; bytes that are not UTF-8 become question marks.
std::string toml_string(std::string_view text);

}  // namespace flopsieve::jobs
