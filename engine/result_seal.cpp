#include "engine/result_seal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/crc64.hpp"
#include "engine/error.hpp"
#include "engine/sealed.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";

/// As many bytes of the signature as tell a damaged HDF5 file from another one.
constexpr std::size_t enough_of_it = 5;

constexpr std::size_t head_bytes = 64;

constexpr std::size_t number_bytes = sizeof(std::uint64_t);
constexpr std::size_t entry_bytes = 2 * number_bytes;

std::size_t like_signature(const std::string& head) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < std::min(head.size(), signature.size()); ++i) {
    same += head[i] == signature[i] ? 1 : 0;
  }
  return same;
}

/// Where the file ends by its superblock (HDF5 File Format Specification, II.A); nothing if the
/// version is unknown.
std::optional<std::uint64_t> end_of_file(const std::string& head) {
  const auto version = static_cast<unsigned char>(head[signature.size()]);
  std::size_t place = 0;
  if (version == 0) place = 40;
  if (version == 1) place = 44;
  if (version == 2 || version == 3) place = 28;
  if (place == 0) return std::nullopt;
  std::uint64_t end = 0;
  std::memcpy(&end, head.data() + place, sizeof end);
  return end;
}

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw Error(ExitCode::storage, fmt::format("{}: damaged: {}", path.string(), what));
}

/// Sums bytes of a file up without holding many of them.
class Sum {
 public:
  explicit Sum(const PieceReader& file) : file_(file), buffer_(buffer_bytes) {}

  /// As far as they are there.
  void add(ByteRange range) {
    while (range.begin < range.end) {
      const std::size_t wanted = std::min<std::uint64_t>(range.end - range.begin, buffer_.size());
      const auto piece = std::span(buffer_).first(wanted);
      const std::size_t count = file_.read(range.begin, piece);
      if (count == 0) return;
      sum_ = crc64(piece.first(count), sum_);
      range.begin += count;
    }
  }
  void add(std::span<const std::byte> bytes) { sum_ = crc64(bytes, sum_); }
  std::uint64_t value() const { return sum_; }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

  const PieceReader& file_;
  std::vector<std::byte> buffer_;
  std::uint64_t sum_ = 0;
};

std::vector<std::byte> table_of(const std::vector<ByteRange>& ranges) {
  std::vector<std::byte> table(entry_bytes * ranges.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto entry = std::span(table).subspan(entry_bytes * i, entry_bytes);
    put_number(entry.first(number_bytes), ranges[i].begin);
    put_number(entry.last(number_bytes), ranges[i].end);
  }
  return table;
}

std::uint64_t sum_of(const PieceReader& file, std::uint64_t length,
                     const std::vector<ByteRange>& left_out) {
  Sum sum(file);
  std::uint64_t at = 0;
  for (const ByteRange& range : left_out) {
    sum.add(ByteRange{at, range.begin});
    at = range.end;
  }
  sum.add(ByteRange{at, length});
  sum.add(table_of(left_out));
  return sum.value();
}

/// Nothing if what stands in `table` can be no such table of an image that ends where it begins.
std::optional<std::vector<ByteRange>> read_table(const PieceReader& file, ByteRange table) {
  std::vector<ByteRange> ranges;
  std::array<std::byte, 4096 * entry_bytes> entries;
  std::uint64_t end = 0;
  for (std::uint64_t at = table.begin; at < table.end; at += entries.size()) {
    const std::size_t bytes = std::min<std::uint64_t>(table.end - at, entries.size());
    if (file.read(at, std::span(entries).first(bytes)) != bytes) return std::nullopt;
    for (std::size_t i = 0; i < bytes; i += entry_bytes) {
      const auto entry = std::span(entries).subspan(i, entry_bytes);
      const ByteRange range{get_number(entry.first(number_bytes)),
                            get_number(entry.last(number_bytes))};
      if (range.begin < end || range.end <= range.begin || range.end > table.begin) {
        return std::nullopt;
      }
      ranges.push_back(range);
      end = range.end;
    }
  }
  return ranges;
}

/// What is wrong with a file that ends with `trailer`, in words; empty if nothing is.
std::string damage(const PieceReader& file, std::uint64_t size,
                   std::span<const std::byte, kSealBytes> trailer) {
  const std::uint64_t length = get_number(trailer.subspan(kSealMagic.size(), number_bytes));
  const std::uint64_t end = size - kSealBytes;
  if (length > end || (end - length) % entry_bytes != 0) {
    return "its length is not the one that was written";
  }
  const auto left_out = read_table(file, {length, end});
  if (!left_out) return "its table of large arrays is not the one that was written";
  const auto expected = seal_of(length, sum_of(file, length, *left_out));
  if (std::ranges::equal(trailer, expected)) return "";
  return "its contents do not match their check sum";
}

}  // namespace

void append_seal(TemporaryFile& file, const std::vector<ByteRange>& left_out) {
  const PieceReader written(file.path(), ExitCode::storage);
  const std::uint64_t length = written.size();
  std::vector<std::byte> end = table_of(left_out);
  const auto trailer = seal_of(length, sum_of(written, length, left_out));
  end.insert(end.end(), trailer.begin(), trailer.end());
  file.append(end);
}

bool begins_whole(const fs::path& path) {
  const PieceReader file(path, ExitCode::bad_input);
  std::string head(head_bytes, '\0');
  head.resize(file.read(0, std::as_writable_bytes(std::span(head))));
  const std::size_t same = like_signature(head);
  const bool all_there = same == std::min(head.size(), signature.size());
  if (head.empty() || (!all_there && same < enough_of_it)) return false;
  const std::uint64_t size = file.size();
  if (head.size() < head_bytes) fail(path, fmt::format("truncated: only {} bytes are there", size));
  if (!all_there) fail(path, "its first bytes are not those of an HDF5 file");
  std::array<std::byte, kSealBytes> trailer{};
  file.read(size - kSealBytes, trailer);
  const auto magic = std::span(trailer).first(kSealMagic.size());
  if (std::ranges::equal(magic, std::as_bytes(std::span(kSealMagic)))) {
    const std::string found = damage(file, size, trailer);
    if (!found.empty()) fail(path, found);
    return true;
  }
  const std::optional<std::uint64_t> end = end_of_file(head);
  if (end && size < *end) {
    fail(path, fmt::format("truncated: {} of {} bytes are there", size, *end));
  }
  if (end && size > *end) fail(path, "its end is missing or overwritten");
  return true;
}

}  // namespace flopsieve::engine
