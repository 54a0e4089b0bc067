#include <algorithm>
#include <array>

#include "engine/h5_detail.hpp"

namespace flopsieve::engine {

using namespace h5_detail;

namespace {

/// The chunks of whole rows, the last one without what is beyond the last row: nobody reads that,
/// so it has no SHA-256.
void add_chunks(const OpenFile& file, hid_t dataset, hid_t list, std::uint64_t rows,
                std::vector<ByteRange>& ranges) {
  const std::string action = "list the chunks";
  const Handle space = own(file, H5Dget_space(dataset), H5Sclose, action);
  std::array<hsize_t, kMostDimensions> lengths{};
  check(file, H5Pget_chunk(list, static_cast<int>(lengths.size()), lengths.data()), action);
  hsize_t count = 0;
  check(file, H5Dget_num_chunks(dataset, space.get(), &count), action);
  for (hsize_t index = 0; index < count; ++index) {
    std::array<hsize_t, kMostDimensions> first{};
    haddr_t begin = HADDR_UNDEF;
    hsize_t size = 0;
    check(file,
          H5Dget_chunk_info(dataset, space.get(), index, first.data(), nullptr, &begin, &size),
          action);
    const std::uint64_t used = std::min<std::uint64_t>(lengths[0], rows - first[0]);
    if (begin != HADDR_UNDEF) ranges.push_back({begin, begin + size / lengths[0] * used});
  }
}

void add_plain(const OpenFile& file, hid_t dataset, std::uint64_t rows,
               std::vector<ByteRange>& ranges) {
  const std::string action = "read a layout";
  const Handle list = own(file, H5Dget_create_plist(dataset), H5Pclose, action);
  const H5D_layout_t layout = H5Pget_layout(list.get());
  if (H5Pget_nfilters(list.get()) != 0) return;
  if (layout == H5D_CHUNKED) add_chunks(file, dataset, list.get(), rows, ranges);
  const haddr_t begin = layout == H5D_CONTIGUOUS ? H5Dget_offset(dataset) : HADDR_UNDEF;
  if (begin != HADDR_UNDEF) ranges.push_back({begin, begin + H5Dget_storage_size(dataset)});
}

std::vector<ByteRange> joined(std::vector<ByteRange> ranges) {
  std::ranges::sort(ranges, {}, &ByteRange::begin);
  std::vector<ByteRange> result;
  for (const ByteRange& range : ranges) {
    if (!result.empty() && result.back().end == range.begin) {
      result.back().end = range.end;
    } else {
      result.push_back(range);
    }
  }
  return result;
}

}  // namespace

std::vector<ByteRange> H5File::plain_numbers(std::uint64_t least) const {
  const State& file = state();
  std::vector<ByteRange> ranges;
  for (const std::string& path : datasets()) {
    const Handle dataset = open_dataset(file, path);
    const bool large = H5Dget_storage_size(dataset.get()) >= least;
    if (!large || !number_type_of(file, dataset.get())) continue;
    add_plain(file, dataset.get(), shape_of(file, dataset.get(), path).at(0), ranges);
  }
  return joined(std::move(ranges));
}

}  // namespace flopsieve::engine
