#pragma once

#include <hdf5.h>
#include <hdf5_hl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/h5.hpp"

// What the h5*.cpp files share. Nobody else includes this: HDF5's own header enters here only.
// Functions take the file for its name in messages; `path` is a path inside it. Failures are
// thrown as engine/h5.hpp says.

namespace flopsieve::engine::h5_detail {

/// An owned identifier of HDF5.
class Handle {
 public:
  using Closer = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Closer closer) : id_(id), closer_(closer) {}
  ~Handle() {
    if (closer_ != nullptr && id_ >= 0) closer_(id_);
  }
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), closer_(other.closer_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(closer_, other.closer_);
    return *this;
  }
  hid_t get() const { return id_; }
  hid_t release() { return std::exchange(id_, H5I_INVALID_HID); }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Closer closer_ = nullptr;
};

struct OpenFile {
  std::string name;  ///< for messages
  PageBytes image;   ///< of a file in memory; HDF5 works in it until `handle` is closed
  Hashing hashing = Hashing::each_dataset;
  Handle handle;
};

/// Before the first use of HDF5 by a thread: stops it from printing the thread's errors, and from
/// any work of its own at the end of the program.
void silence();

[[noreturn]] void fail(const OpenFile& file, const std::string& action, const std::string& reason);

/// Throws with the reason from HDF5's error stack if `result` is negative, as all its errors are.
void check(const OpenFile& file, long long result, const std::string& action);

/// check(), then ownership.
Handle own(const OpenFile& file, hid_t id, Handle::Closer closer, const std::string& action);

/// Throws std::invalid_argument, for wrong use by our own code.
void require(bool condition, const std::string& message);

/// Little-endian, in the file and (on the machines we run on) in memory.
hid_t number_type(H5Type type);
std::size_t number_size(H5Type type);

/// Variable-length UTF-8.
Handle text_type(const OpenFile& file);
void require_texts(const OpenFile& file, hid_t type, const std::string& what);

/// Pointers into `texts`, which may hold no zero bytes.
std::vector<const char*> c_strings(const std::vector<std::string>& texts);

/// Copies and frees strings that HDF5 has allocated.
std::vector<std::string> take_strings(const std::vector<char*>& pointers);

bool object_exists(const OpenFile& file, const std::string& path);
void make_groups_above(const OpenFile& file, const std::string& path);
Handle open_object(const OpenFile& file, const std::string& path);
Handle open_dataset(const OpenFile& file, const std::string& path);

/// Ends the writing of a dataset: HDF5 may hand its last values to the system only now, and tells
/// nobody else if that fails.
void close_written(const OpenFile& file, Handle dataset);

std::vector<std::uint64_t> shape_of(const OpenFile& file, hid_t dataset, const std::string& path);
std::uint64_t product(std::span<const std::uint64_t> lengths);

/// Nothing if the dataset holds none of our number types.
std::optional<H5Type> number_type_of(const OpenFile& file, hid_t dataset);

/// Moves the rows [first, first + count) of a dataset of that shape from or to memory.
void read_hyperslab(const OpenFile& file, hid_t dataset, hid_t type,
                    const std::vector<std::uint64_t>& shape, std::uint64_t first,
                    std::uint64_t count, void* values);
void write_hyperslab(const OpenFile& file, hid_t dataset, hid_t type,
                     const std::vector<std::uint64_t>& shape, std::uint64_t first,
                     std::uint64_t count, const void* values);

void put_attribute(const OpenFile& file, hid_t object, const std::string& name, hid_t type,
                   hid_t space, const void* values);
void put_text(const OpenFile& file, hid_t object, const std::string& name, std::string_view text);

inline constexpr std::size_t kMostDimensions = 5;

/// How a dataset lies in the file: contiguous, or in chunks of whole rows.
enum class Layout { contiguous, chunked };

inline constexpr std::size_t kDefaultChunkBytes = std::size_t{256} << 10;

/// A new dataset with its scales, units and long name, without values. Chunks hold as many rows as
/// fit in `chunk_bytes`, one at least.
Handle create_dataset(const OpenFile& file, const std::string& path, hid_t type,
                      const DatasetInfo& info, Layout layout, std::size_t chunk_bytes);

/// Gives a growing scale without values `length` rows if it has fewer; any other scale must have
/// that length already.
void stretch_scale(const OpenFile& file, const std::string& path, std::uint64_t length);

}  // namespace flopsieve::engine::h5_detail

namespace flopsieve::engine {

struct H5File::State : h5_detail::OpenFile {
  explicit State(std::string file_name) : OpenFile{std::move(file_name), {}, {}, {}} {}
};

}  // namespace flopsieve::engine
