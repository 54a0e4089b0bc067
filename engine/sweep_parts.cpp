#include "engine/sweep_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "engine/crc64.hpp"
#include "engine/error.hpp"
#include "engine/format.hpp"
#include "engine/part_check.hpp"
#include "engine/sealed.hpp"
#include "engine/sweep_positions.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_waiting_bytes = std::size_t{8} << 20;
constexpr std::size_t most_open_files = 64;

/// In a segment: joining holds a segment of each shard that shares in a variant.
constexpr std::uint64_t most_batches = 512;

// The head of a part, then an entry for each segment, then the segments.
constexpr std::string_view magic = "FLOPSWEP";
constexpr std::size_t number_bytes = sizeof(std::uint64_t);
constexpr std::size_t identity_bytes = 64;
constexpr std::size_t numbers_in_head = 6;
constexpr std::size_t head_bytes = magic.size() + identity_bytes + numbers_in_head * number_bytes;
constexpr std::size_t numbers_in_entry = 8;
constexpr std::size_t entry_bytes = numbers_in_entry * number_bytes;

/// What a head says but for the identity.
struct HeadNumbers {
  std::uint64_t version, sampling, variants, trajectories, batches, segments;
};

void put_numbers(std::span<std::byte> bytes, std::span<const std::uint64_t> numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    put_number(bytes.subspan(i * number_bytes, number_bytes), numbers[i]);
  }
}

std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t i) {
  return get_number(bytes.subspan(i * number_bytes, number_bytes));
}

void demand(bool condition, const char* what) {
  if (!condition) throw std::out_of_range(what);
}

HeadNumbers read_head(std::span<const std::byte> image, std::string& identity) {
  demand(image.size() >= head_bytes &&
             std::ranges::equal(image.first(magic.size()), std::as_bytes(std::span(magic))),
         "it is no part of a sweep");
  const auto text = image.subspan(magic.size(), identity_bytes);
  identity.resize(identity_bytes);
  std::ranges::copy(text, std::as_writable_bytes(std::span(identity)).begin());
  const auto numbers = image.subspan(magic.size() + identity_bytes);
  return {number_at(numbers, 0), number_at(numbers, 1), number_at(numbers, 2),
          number_at(numbers, 3), number_at(numbers, 4), number_at(numbers, 5)};
}

SegmentPlace read_entry(std::span<const std::byte> image, std::size_t i, const HeadNumbers& head) {
  const auto entry = image.subspan(head_bytes + i * entry_bytes, entry_bytes);
  SegmentPlace place;
  place.head.variant = number_at(entry, 0);
  place.head.batches = {number_at(entry, 1), number_at(entry, 2), number_at(entry, 3)};
  const std::uint64_t kind = number_at(entry, 4) & 0xFF;
  const std::uint64_t method = number_at(entry, 4) >> 8;
  demand(kind <= static_cast<std::uint64_t>(SegmentKind::status), "a segment of unknown kind");
  demand(method <= static_cast<std::uint64_t>(Method::split), "a method that is not known");
  place.head.kind = static_cast<SegmentKind>(kind);
  place.head.method = static_cast<Method>(method);
  place.offset = number_at(entry, 5);
  place.length = number_at(entry, 6);
  place.sum = number_at(entry, 7);
  const BatchRange& batches = place.head.batches;
  demand(place.head.variant < head.variants, "a variant that does not exist");
  demand(batches.first < head.batches && batches.count >= 1 && batches.step >= 1 &&
             batches.count - 1 <= (head.batches - 1 - batches.first) / batches.step,
         "batches that do not exist");
  demand(place.head.kind != SegmentKind::status || batches.count == 1, "a status of many batches");
  demand(place.offset <= image.size() && place.length <= image.size() - place.offset,
         "a segment beyond the end");
  return place;
}

/// Adds what a part holds; or the part to those that cannot be used.
void survey_part(const fs::path& path, const SweepStudy& study, SweepParts& parts) {
  const PageBytes bytes = unseal(path);
  const std::span<const std::byte> image(bytes.data(), bytes.size());
  std::string identity;
  const HeadNumbers head = read_checked(path, [&] { return read_head(image, identity); });
  if (head.version != format::version || head.sampling != sampling_version) {
    throw Error(
        ExitCode::storage,
        fmt::format("{}: format version {} and sampling version {}, this program reads {} "
                    "and {}",
                    path.string(), head.version, head.sampling, format::version, sampling_version));
  }
  if (identity != study.identity) {
    parts.foreign.push_back({path, fmt::format("{}: belongs to another sweep", path.string())});
    return;
  }
  if (head.trajectories != study.base.trajectories) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: of this sweep with {} trajectories a variant, not {}; move the "
                            "folder away, or choose another output with -o",
                            path.string(), head.trajectories, study.base.trajectories));
  }
  read_checked(path, [&] {
    demand(head.variants == study.variants && head.batches == study.batches(),
           "it has other variants or batches than its sweep");
    demand(head.segments <= (image.size() - head_bytes) / entry_bytes, "segments are missing");
    std::vector<SegmentPlace> places;
    for (std::size_t i = 0; i < head.segments; ++i) {
      places.push_back(read_entry(image, i, head));
      places.back().part = static_cast<std::uint32_t>(parts.paths.size());
    }
    parts.places.insert(parts.places.end(), places.begin(), places.end());
    return true;
  });
  parts.paths.push_back(path);
  if (const auto name = part_name(path, format::sweep_part_ending)) {
    parts.splits.push_back(name->shard.count);
  }
}

void refuse_run_parts(const fs::path& folder) {
  if (part_paths(folder).empty()) return;
  throw Error(ExitCode::bad_input,
              fmt::format("{}: holds the parts of a run, not of a sweep; move the folder away, or "
                          "choose another output with -o",
                          folder.string()));
}

}  // namespace

SweepPartWriter::SweepPartWriter(fs::path folder, const SweepStudy& study, Shard shard)
    : folder_(std::move(folder)), study_(&study), shard_(shard) {}

void SweepPartWriter::add(std::uint64_t variant, const Plan& plan, const VariantFacts& facts,
                          BatchResult result, std::uint64_t step) {
  if (open_ && !open_->takes(variant, result.batch)) close_open(SegmentKind::batches);
  if (!open_) open_.emplace(variant, plan, facts, step);
  open_->add(std::move(result));
  if (open_->head().batches.count >= most_batches) close_open(SegmentKind::batches);
  seal_if_full();
}

void SweepPartWriter::add_status(std::uint64_t variant, std::uint64_t batch,
                                 const std::string& status) {
  close_open(SegmentKind::batches);
  close({variant, {batch, 1, 1}, SegmentKind::status, Method::reject}, pack_status(status));
  seal_if_full();
}

void SweepPartWriter::end_segment() {
  close_open(SegmentKind::batches);
  seal_if_full();
}

void SweepPartWriter::end_variant() {
  close_open(SegmentKind::last_batches);
  seal_if_full();
}

void SweepPartWriter::close_open(SegmentKind kind) {
  if (!open_) return;
  SegmentHead head = open_->head();
  head.kind = kind;
  close(head, open_->take());
  open_.reset();
}

void SweepPartWriter::close(const SegmentHead& head, std::span<const std::byte> bytes) {
  closed_.push_back({head, bytes_.size(), bytes.size()});
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void SweepPartWriter::seal_if_full() {
  if (bytes_.size() + (open_ ? open_->bytes() : 0) >= most_waiting_bytes) begin_seal();
}

PageBytes SweepPartWriter::build_image() const {
  const std::size_t begin = head_bytes + closed_.size() * entry_bytes;
  PageBytes image(begin + bytes_.size());
  const std::span<std::byte> all(image.data(), image.size());
  std::ranges::copy(std::as_bytes(std::span(magic)), all.begin());
  const auto identity = std::as_bytes(std::span(study_->identity));
  if (identity.size() != identity_bytes) throw std::invalid_argument("no SHA-256");
  std::ranges::copy(identity, all.begin() + magic.size());
  put_numbers(all.subspan(magic.size() + identity_bytes),
              std::array<std::uint64_t, numbers_in_head>{
                  format::version, sampling_version, study_->variants, study_->base.trajectories,
                  study_->batches(), closed_.size()});
  for (std::size_t i = 0; i < closed_.size(); ++i) {
    const auto& [head, offset, length] = closed_[i];
    const auto bytes = std::span(bytes_).subspan(offset, length);
    put_numbers(
        all.subspan(head_bytes + i * entry_bytes),
        std::array<std::uint64_t, numbers_in_entry>{
            head.variant, head.batches.first, head.batches.count, head.batches.step,
            static_cast<std::uint64_t>(head.kind) | static_cast<std::uint64_t>(head.method) << 8,
            begin + offset, length, crc64(bytes)});
  }
  std::ranges::copy(bytes_, all.begin() + static_cast<std::ptrdiff_t>(begin));
  return image;
}

void SweepPartWriter::begin_seal() {
  if (written_.valid()) written_.get();
  close_open(SegmentKind::batches);  // what the variant goes on with is another segment
  if (closed_.empty()) return;
  const auto position = [&](const SegmentHead& head, std::uint64_t batch) {
    return head.variant * study_->batches() + batch;
  };
  const SegmentHead& first = closed_.front().head;
  const SegmentHead& last = closed_.back().head;
  const fs::path path =
      folder_ / fmt::format("part-{:010}-{:010}-{}of{}{}", position(first, first.batches.first),
                            position(last, last.batches.last()), shard_.index, shard_.count,
                            format::sweep_part_ending);
  PageBytes image = build_image();
  closed_.clear();
  bytes_.clear();
  parts_.push_back(path);
  written_ = std::async(std::launch::async, [path, image = std::move(image)] {
    engine::seal(path, std::span<const std::byte>(image.data(), image.size()));
  });
}

void SweepPartWriter::seal() {
  begin_seal();
  if (written_.valid()) written_.get();
}

std::span<const SegmentPlace> SweepParts::of(std::uint64_t variant) const {
  const auto its = [](const SegmentPlace& place) { return place.head.variant; };
  const auto begin = std::ranges::lower_bound(places, variant, {}, its);
  const auto end = std::ranges::upper_bound(begin, places.end(), variant, {}, its);
  return {begin, end};
}

SweepParts survey_sweep_parts(const std::vector<fs::path>& folders, const SweepStudy& study,
                              const Shard& shard) {
  // Who shares a variant with others wants to know whether they have ended it.
  const bool alone = shares_variants(study.variants, shard.count);
  SweepParts parts;
  for (const fs::path& folder : folders) {
    refuse_run_parts(folder);
    for (const fs::path& path : part_paths(folder, format::sweep_part_ending)) {
      if (alone && !concerns(shard, path, format::sweep_part_ending)) continue;
      try {
        survey_part(path, study, parts);
      } catch (const DamagedPart& error) {
        parts.damaged.push_back({path, error.what()});
      }
    }
  }
  std::ranges::stable_sort(parts.places, {}, [](const SegmentPlace& place) {
    return std::pair(place.head.variant, place.head.batches.first);
  });
  std::ranges::sort(parts.splits);
  parts.splits.erase(std::unique(parts.splits.begin(), parts.splits.end()), parts.splits.end());
  return parts;
}

SweepParts list_sweep_parts(const fs::path& folder, const SweepStudy& study,
                            const std::function<void(const std::string&)>& warn,
                            const Shard& shard) {
  SweepParts parts = survey_sweep_parts({folder}, study, shard);
  if (!parts.foreign.empty() && parts.paths.empty()) {
    throw Error(ExitCode::bad_input, fmt::format("{}; move the folder {} away, or choose another "
                                                 "output with -o",
                                                 parts.foreign.front().reason, folder.string()));
  }
  set_damaged_aside(parts.damaged, ", what it holds is computed again", warn);
  set_foreign_aside(parts.foreign, warn);
  return parts;
}

SegmentContents SegmentReader::read(const SegmentPlace& place) {
  const fs::path& path = parts_.paths[place.part];
  if (open_.size() >= most_open_files && open_.count(place.part) == 0) open_.clear();
  const PieceReader& file = open_.try_emplace(place.part, path, ExitCode::storage).first->second;
  PageBytes bytes(place.length);
  const std::span<std::byte> whole(bytes.data(), bytes.size());
  if (file.read(place.offset, whole) != place.length || crc64(whole) != place.sum) {
    throw DamagedPart(path.string() + ": damaged part: it has changed since it was looked at");
  }
  return unpack_segment(whole, place.head, base_, path);
}

}  // namespace flopsieve::engine
