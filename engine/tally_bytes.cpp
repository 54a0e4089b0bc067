#include "engine/tally_bytes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>

#include "engine/sealed.hpp"
#include "engine/tally_fields.hpp"

namespace flopsieve::engine {
namespace {

constexpr unsigned int bits_of_a_byte = 7;
constexpr std::uint64_t more = std::uint64_t{1} << bits_of_a_byte;

/// No histogram of ours is so long: numbers of models end at 100,000 a year, grids far below.
constexpr std::uint64_t most_bins = std::uint64_t{1} << 26;

}  // namespace

void TallyWriter::append(std::span<const std::byte> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void TallyWriter::put(std::uint64_t value) {
  for (; value >= more; value >>= bits_of_a_byte) {
    bytes_.push_back(static_cast<std::byte>((value & (more - 1)) | more));
  }
  bytes_.push_back(static_cast<std::byte>(value));
}

void TallyWriter::put(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  bytes_.push_back(static_cast<std::byte>(bits == 0 ? 0 : 1));
  if (bits == 0) return;
  std::array<std::byte, sizeof bits> bytes;
  put_number(bytes, bits);
  append(bytes);
}

void TallyWriter::put(const std::string& text) {
  put(std::uint64_t{text.size()});
  append(std::as_bytes(std::span(text)));
}

void TallyWriter::put(const std::vector<std::uint64_t>& values) {
  put(std::uint64_t{values.size()});
  const auto zeros = std::ranges::count(values, std::uint64_t{0});
  put(values.size() - static_cast<std::uint64_t>(zeros));
  std::uint64_t before = 0;
  for (const std::uint64_t value : values) {
    if (value == 0) {
      ++before;
      continue;
    }
    put(before);
    put(value);
    before = 0;
  }
}

void TallyWriter::put(const std::vector<double>& values) {
  put(std::uint64_t{values.size()});
  for (const double value : values) put(value);
}

void TallyWriter::put(const std::vector<Histogram>& list) {
  put(std::uint64_t{list.size()});
  for (const Histogram& each : list) put(each);
}

void TallyWriter::put(const SplitTally& split) {
  pass_split(*this, split);
}

void TallyWriter::put(const TiltTally& tilt) {
  pass_tilt(*this, tilt);
}

std::span<const std::byte> TallyReader::take(std::uint64_t count) {
  if (count > left_.size()) throw std::out_of_range("bytes are missing");
  const auto bytes = left_.first(count);
  left_ = left_.subspan(count);
  return bytes;
}

std::uint64_t TallyReader::length() {
  std::uint64_t count = 0;
  get(count);
  if (count > left_.size()) throw std::out_of_range("a list is longer than what is there");
  return count;
}

void TallyReader::get(std::uint64_t& value) {
  value = 0;
  for (unsigned int shift = 0; shift < 64; shift += bits_of_a_byte) {
    const auto byte = std::to_integer<std::uint64_t>(take(1)[0]);
    const std::uint64_t bits = byte & (more - 1);
    if (shift + bits_of_a_byte > 64 && bits >> (64 - shift) != 0) break;
    value |= bits << shift;
    if (byte < more) return;
  }
  throw std::out_of_range("a number is too large");
}

void TallyReader::get(double& value) {
  value = 0.0;
  if (take(1)[0] != std::byte{0}) value = std::bit_cast<double>(get_number(take(sizeof value)));
}

void TallyReader::get(std::string& text) {
  const auto bytes = take(length());
  text.resize(bytes.size());
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(text)).begin());
}

void TallyReader::get(std::vector<std::uint64_t>& values) {
  std::uint64_t size = 0;
  get(size);
  const std::uint64_t count = length();
  if (size > most_bins || count > size) throw std::out_of_range("a histogram is too long");
  values.assign(size, 0);
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i, ++at) {
    std::uint64_t before = 0;
    get(before);
    if (before >= size - at) throw std::out_of_range("a number is beyond the end of its list");
    at += before;
    get(values[at]);
  }
}

void TallyReader::get(std::vector<double>& values) {
  values.assign(length(), 0.0);
  for (double& value : values) get(value);
}

void TallyReader::get(std::vector<Histogram>& list) {
  list.assign(length(), {});
  for (Histogram& each : list) get(each);
}

void TallyReader::get(SplitTally& split) {
  pass_split(*this, split);
}

void TallyReader::get(TiltTally& tilt) {
  pass_tilt(*this, tilt);
}

}  // namespace flopsieve::engine
