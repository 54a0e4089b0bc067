#pragma once

#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>

#include "engine/error.hpp"
#include "engine/h5.hpp"

// What all results are looked at for before they are read (FORMAT.md, "What is checked").

namespace flopsieve::engine {

/// Throws Error(storage): `FILE: damaged: WHAT`.
[[noreturn]] void say_damaged(const std::filesystem::path& path, const std::string& what);

/// What went wrong, without the name of the file before it.
std::string reason_of(const std::filesystem::path& path, const std::exception& error);

/// What read() returns. Damage that HDF5 meets says so: `FILE: damaged: ...`.
template <class Read>
auto read_or_say_damaged(const std::filesystem::path& path, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    const std::string reason = reason_of(path, error);
    if (error.code() != ExitCode::storage || !reason.starts_with("cannot ")) throw;
    say_damaged(path, reason);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {  // sizes that cannot be
    say_damaged(path, std::string("it cannot be read: ") + error.what());
  }
}

/// A whole file of that kind (format::kind_run, format::kind_sweep) and of our versions. Throws
/// Error(bad_input) if it is missing or of another kind, Error(storage) if it is damaged or of
/// another version.
H5File open_result_of(const std::filesystem::path& path, std::string_view kind);

/// Throws Error(storage) if the attributes and texts are not what was written.
void demand_unchanged_metadata(const H5File& file, const std::filesystem::path& path);

}  // namespace flopsieve::engine
