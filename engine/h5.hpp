#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/page_bytes.hpp"
#include "engine/sha256.hpp"

namespace flopsieve::engine {

// HDF5 files in the form of netCDF-4, so that h5py, xarray, ncdump and R open them: plain arrays
// of 1 to 5 dimensions, a dimension scale on every dimension, strings as variable-length UTF-8.
//
// Paths inside a file are absolute ("/counts/trajectory"); groups on the way are made on demand.
// A dataset written here carries its contents' SHA-256 in the attribute "sha256", over the numbers
// in row-major order, little-endian, or over the strings each followed by a zero byte.
// The same calls give the same bytes: no time stamps are stored.
//
// Failures of HDF5 are thrown as Error(storage) with the message `FILE: cannot WHAT: REASON`;
// wrong use (sizes that do not agree, a type that cannot be stored) as std::invalid_argument.
// An object is used by one thread at a time.

/// The number types of our files.
enum class H5Type { uint8, uint32, uint64, int32, int64, float32, float64 };

template <typename T>
concept H5Number = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint32_t> ||
    std::same_as<T, std::uint64_t> || std::same_as<T, std::int32_t> ||
    std::same_as<T, std::int64_t> || std::same_as<T, float> || std::same_as<T, double>;

/// The H5Type of a C++ type.
template <H5Number T>
constexpr H5Type h5_type() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return H5Type::uint8;
  if constexpr (std::is_same_v<T, std::uint32_t>) return H5Type::uint32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return H5Type::uint64;
  if constexpr (std::is_same_v<T, std::int32_t>) return H5Type::int32;
  if constexpr (std::is_same_v<T, std::int64_t>) return H5Type::int64;
  if constexpr (std::is_same_v<T, float>) return H5Type::float32;
  if constexpr (std::is_same_v<T, double>) return H5Type::float64;
}

/// The length of a first dimension that is not known before the rows have been appended.
inline constexpr std::uint64_t kGrowing = std::numeric_limits<std::uint64_t>::max();

/// Rows that are not kept in chunks, and go to the file as they come.
inline constexpr std::size_t kNoChunks = 0;

/// One dimension of a dataset.
struct Dimension {
  /// Path of the one-dimensional dataset with its coordinates, of the same length. If there is
  /// none it is made, as netCDF's "dimension but not a variable". A dataset whose only dimension
  /// names the dataset itself becomes a scale. xarray finds the coordinates of a group only if
  /// they stand in that group: see H5File::repeat_scale().
  std::string scale;
  std::uint64_t length = 0;
};

/// What is said about a dataset besides its contents. Empty texts are not written.
struct DatasetInfo {
  std::vector<Dimension> dimensions;  ///< 1 to 5, slowest first
  std::string units;                  ///< as UDUNITS spells them, "1" for pure numbers
  std::string long_name;
  int deflate = 0;  ///< 0 (none) to 9, with the bytes shuffled first
};

/// The bytes [begin, end) of a file.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  bool operator==(const ByteRange&) const = default;
};

/// Whether datasets carry "sha256"; not where a seal (sealed.hpp) covers the whole file.
enum class Hashing { each_dataset, none };

/// An open HDF5 file. Movable. Closed at the end of its life, which reports nothing: a writer
/// must call flush() (or take_image()) and let it throw.
class H5File {
 public:
  /// A new file on disk; an old one of that name is emptied. No HDF5 locks are taken, as files are
  /// written under a temporary name and never changed under their final one.
  static H5File create(const std::filesystem::path& path);

  /// A new file in memory; `name` stands in messages only. It is built in `memory`, whose contents
  /// are lost: memory that is used again spares the system new pages.
  static H5File create_in_memory(const std::string& name, PageBytes memory = {},
                                 Hashing hashing = Hashing::each_dataset);

  static H5File open(const std::filesystem::path& path);

  /// A file whose bytes are in memory, to be read in place.
  static H5File open_image(PageBytes image, const std::string& name);

  ~H5File();
  H5File(H5File&&) noexcept;
  H5File& operator=(H5File&&) noexcept;

  /// Hands everything to the operating system. The only call that reports a full disk reliably:
  /// the writes before it fill caches, and closing reports success.
  void flush();

  /// flush(), then closes a file in memory and hands over the bytes that it would have on disk.
  PageBytes take_image();

  // Attributes. `object` is a group or dataset, "/" the file itself. An older attribute of the
  // same name is replaced. Texts may be of any length; lists are at most 64 KiB (strings: 4,000).

  void write_attribute(const std::string& object, const std::string& name, std::string_view text);
  void write_attribute(const std::string& object, const std::string& name,
                       const std::vector<std::string>& texts);
  template <H5Number T>
  void write_attribute(const std::string& object, const std::string& name, T value) {
    write_number_attribute(object, name, h5_type<T>(), &value, 1, Rank::scalar);
  }
  template <H5Number T>
  void write_attribute(const std::string& object, const std::string& name,
                       const std::vector<T>& values) {
    write_number_attribute(object, name, h5_type<T>(), values.data(), values.size(), Rank::list);
  }

  bool has_attribute(const std::string& object, const std::string& name) const;
  std::string read_attribute_text(const std::string& object, const std::string& name) const;
  std::vector<std::string> read_attribute_texts(const std::string& object,
                                                const std::string& name) const;
  /// A scalar is a list of one. The stored type must be T.
  template <H5Number T>
  std::vector<T> read_attribute_list(const std::string& object, const std::string& name) const {
    std::vector<T> values(attribute_size(object, name));
    read_number_attribute(object, name, h5_type<T>(), values.data());
    return values;
  }
  template <H5Number T>
  T read_attribute(const std::string& object, const std::string& name) const {
    return read_attribute_list<T>(object, name).at(0);
  }

  // Whole datasets; `values` in row-major order, as many as the lengths multiply to.

  template <H5Number T>
  void write(const std::string& path, std::span<const T> values, const DatasetInfo& info) {
    write_pieces(path, h5_type<T>(), {std::as_bytes(values)}, info);
  }
  template <H5Number T>
  void write(const std::string& path, const std::vector<T>& values, const DatasetInfo& info) {
    write(path, std::span<const T>(values), info);
  }
  /// The values of all pieces, one after the other.
  template <H5Number T>
  void write(const std::string& path, const std::vector<std::span<const T>>& pieces,
             const DatasetInfo& info) {
    std::vector<std::span<const std::byte>> bytes;
    for (const std::span<const T> piece : pieces) bytes.push_back(std::as_bytes(piece));
    write_pieces(path, h5_type<T>(), bytes, info);
  }
  /// Strings without zero bytes.
  void write_strings(const std::string& path, const std::vector<std::string>& values,
                     const DatasetInfo& info);

  /// Writes a copy of the scale `path` (with its units and long_name) into `group`; returns the
  /// path of the copy, to be named in the dimensions of the group's datasets.
  std::string repeat_scale(const std::string& path, const std::string& group);

  // Reading.

  /// Whether there is a group or dataset.
  bool exists(const std::string& path) const;

  /// The paths of all datasets, sorted.
  std::vector<std::string> datasets() const;

  std::vector<std::uint64_t> shape(const std::string& path) const;

  /// The type of a dataset of numbers; Error(storage) if it holds something else.
  H5Type type(const std::string& path) const;

  /// The stored type must be T.
  template <H5Number T>
  std::vector<T> read(const std::string& path) const {
    return read_rows<T>(path, 0, shape(path).at(0));
  }

  /// `count` rows of dimension 0 from row `first` on.
  template <H5Number T>
  std::vector<T> read_rows(const std::string& path, std::uint64_t first,
                           std::uint64_t count) const {
    std::vector<T> values(count * row_size(path));
    read_numbers(path, h5_type<T>(), first, count, values.data());
    return values;
  }

  std::vector<std::string> read_strings(const std::string& path) const;

  /// The SHA-256 of what the dataset holds now, as its attribute "sha256" was computed. Reads in
  /// blocks of about 1 MiB (or one row, if that is larger).
  std::string dataset_sha256(const std::string& path) const;

  /// The SHA-256 of all attributes, of the texts in datasets and of the datasets' shapes, but for
  /// the root attribute `left_out`: FORMAT.md, "What is checked", says of which bytes. Whatever
  /// program copies the file object by object keeps it.
  std::string metadata_sha256(const std::string& left_out) const;

  /// Where the file holds numbers as they are, not compressed: of the datasets with at least
  /// `least` bytes of them. Ascending; what adjoins is one range. HDF5 copies these bytes and never
  /// interprets them. The file must have been flushed since it was written to.
  std::vector<ByteRange> plain_numbers(std::uint64_t least) const;

 private:
  friend class H5Appender;
  enum class Rank { scalar, list };
  struct State;

  explicit H5File(std::unique_ptr<State> state);
  State& state() const;

  void write_number_attribute(const std::string& object, const std::string& name, H5Type type,
                              const void* values, std::size_t count, Rank rank);
  void read_number_attribute(const std::string& object, const std::string& name, H5Type type,
                             void* values) const;
  std::size_t attribute_size(const std::string& object, const std::string& name) const;
  void write_pieces(const std::string& path, H5Type type,
                    const std::vector<std::span<const std::byte>>& pieces, const DatasetInfo& info);
  void read_numbers(const std::string& path, H5Type type, std::uint64_t first, std::uint64_t count,
                    void* values) const;
  std::uint64_t row_size(const std::string& path) const;

  std::unique_ptr<State> state_;
};

/// RowWriter without the type of its numbers.
class H5Appender {
 public:
  H5Appender(H5File& file, std::string path, H5Type type, const DatasetInfo& info,
             std::size_t chunk_bytes);
  ~H5Appender();
  H5Appender(H5Appender&&) noexcept;
  H5Appender& operator=(H5Appender&&) noexcept;

  void append(std::span<const std::byte> values);

  /// append() but that another thread may still be hashing the values when it returns: they must
  /// stay as they are until end_append(), which comes before the next begin_append().
  void begin_append(std::span<const std::byte> values);
  void end_append();

  void finish();
  std::uint64_t rows() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Fills a dataset row after row along its dimension 0 in little memory (about 1 MiB, or a few
/// rows if they are larger). Whole chunks without deflate go to the file as they are, past HDF5's
/// cache and filters, and large pieces are hashed by another thread meanwhile. The length of
/// dimension 0 is either stated, and then finish() demands exactly that many rows, or kGrowing:
/// then the dimension is unlimited in the sense of netCDF, and finish() stretches a scale without
/// values to the rows that have come. With kNoChunks the length must be stated, and no memory is
/// held. Must not outlive the file; a dataset that was not finished has no SHA-256.
template <H5Number T>
class RowWriter {
 public:
  /// Chunks span whole rows; as many as fit in `chunk_bytes` (at most 1 MiB, HDF5's cache, or
  /// every append() compresses its chunk again), one at least. Or kNoChunks.
  RowWriter(H5File& file, std::string path, const DatasetInfo& info,
            std::size_t chunk_bytes = std::size_t{256} << 10)
      : appender_(file, std::move(path), h5_type<T>(), info, chunk_bytes) {}

  /// Any number of whole rows.
  void append(std::span<const T> values) { appender_.append(std::as_bytes(values)); }

  /// The same, but these rows may still be hashed while the caller makes the next ones. Gives back
  /// the values of an earlier call, or none, so that their memory can be used again.
  std::vector<T> exchange(std::vector<T> values) {
    appender_.end_append();
    std::swap(values, being_hashed_);
    appender_.begin_append(std::as_bytes(std::span(being_hashed_)));
    return values;
  }

  /// Rows so far.
  std::uint64_t rows() const { return appender_.rows(); }

  /// Once, at the end: writes the attribute "sha256" and releases the dataset.
  void finish() { appender_.finish(); }

 private:
  std::vector<T> being_hashed_;  ///< until appender_ has ended, which must be destroyed first
  H5Appender appender_;
};

}  // namespace flopsieve::engine
