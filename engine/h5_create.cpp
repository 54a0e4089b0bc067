#include <algorithm>

#include "engine/h5_detail.hpp"

namespace flopsieve::engine::h5_detail {
namespace {

constexpr hsize_t kGrowingScaleChunk = 1024;
constexpr std::string_view kEmptyScaleName =
    "This is a netCDF dimension but not a netCDF variable.";

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Handle creation_list(const OpenFile& file, const DatasetInfo& info, Layout layout,
                     std::size_t row_bytes, std::size_t chunk_bytes) {
  const std::string action = "choose the layout of a dataset";
  Handle list = own(file, H5Pcreate(H5P_DATASET_CREATE), H5Pclose, action);
  check(file, H5Pset_obj_track_times(list.get(), false), action);
  if (layout == Layout::contiguous) return list;
  std::vector<hsize_t> chunk;
  for (const Dimension& dimension : info.dimensions) chunk.push_back(dimension.length);
  chunk[0] = std::min<hsize_t>(chunk[0], std::max<std::size_t>(1, chunk_bytes / row_bytes));
  check(file, H5Pset_chunk(list.get(), static_cast<int>(chunk.size()), chunk.data()), action);
  if (info.deflate > 0) {
    check(file, H5Pset_shuffle(list.get()), action);
    check(file, H5Pset_deflate(list.get(), static_cast<unsigned int>(info.deflate)), action);
  }
  return list;
}

Handle create_bare(const OpenFile& file, const std::string& path, hid_t type,
                   const DatasetInfo& info, Layout layout, std::size_t chunk_bytes) {
  require(!info.dimensions.empty() && info.dimensions.size() <= kMostDimensions,
          path + " needs 1 to 5 dimensions");
  require(!object_exists(file, path), path + " exists already");
  make_groups_above(file, path);
  std::vector<hsize_t> lengths;
  std::vector<hsize_t> limits;
  std::size_t row_bytes = H5Tget_size(type);
  for (const Dimension& dimension : info.dimensions) {
    const bool growing = dimension.length == kGrowing;
    require(!growing || (lengths.empty() && layout == Layout::chunked), path + " cannot grow");
    if (!lengths.empty()) row_bytes *= dimension.length;
    lengths.push_back(growing ? 0 : dimension.length);
    limits.push_back(growing ? H5S_UNLIMITED : dimension.length);
  }
  const std::string action = "make the dataset " + path;
  // A chunk must not be empty.
  const bool empty = row_bytes == 0 || limits[0] == 0;
  require(!empty || info.dimensions[0].length != kGrowing, path + " has rows without values");
  const Handle list =
      creation_list(file, info, empty ? Layout::contiguous : layout, row_bytes, chunk_bytes);
  const Handle space =
      own(file, H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), limits.data()),
          H5Sclose, action);
  return own(file,
             H5Dcreate2(file.handle.get(), path.c_str(), type, space.get(), H5P_DEFAULT, list.get(),
                        H5P_DEFAULT),
             H5Dclose, action);
}

/// A dimension without values, as netCDF writes it: its length is all that matters.
void make_empty_scale(const OpenFile& file, const Dimension& dimension) {
  const bool growing = dimension.length == kGrowing;
  std::string length = growing ? "0" : std::to_string(dimension.length);
  length.insert(0, length.size() < 10 ? 10 - length.size() : 0, ' ');
  DatasetInfo info;
  info.dimensions = {dimension};
  const Handle scale = create_bare(file, dimension.scale, H5T_IEEE_F32LE, info,
                                   growing ? Layout::chunked : Layout::contiguous,
                                   kGrowingScaleChunk * sizeof(float));
  const std::string name = std::string(kEmptyScaleName) + length;
  check(file, H5DSset_scale(scale.get(), name.c_str()), "make the scale " + dimension.scale);
}

/// Whether it is a scale without values that make_empty_scale() made for a growing dimension.
bool is_growing_scale(const OpenFile& file, hid_t scale) {
  const Handle list = own(file, H5Dget_create_plist(scale), H5Pclose, "read a layout");
  std::string name(kEmptyScaleName.size() + 1, '\0');
  return H5Pget_layout(list.get()) == H5D_CHUNKED &&
         H5DSget_scale_name(scale, name.data(), name.size()) > 0 &&
         name.starts_with(kEmptyScaleName);
}

void attach_scales(const OpenFile& file, hid_t dataset, const std::string& path,
                   const DatasetInfo& info) {
  for (unsigned int index = 0; index < info.dimensions.size(); ++index) {
    const Dimension& dimension = info.dimensions[index];
    if (dimension.scale == path) {
      require(info.dimensions.size() == 1, path + " is a scale and must have one dimension");
      check(file, H5DSset_scale(dataset, base_name(path).c_str()), "make the scale " + path);
      continue;
    }
    if (!object_exists(file, dimension.scale)) make_empty_scale(file, dimension);
    const Handle scale = open_dataset(file, dimension.scale);
    require(dimension.length == kGrowing ||
                shape_of(file, scale.get(), dimension.scale) == std::vector{dimension.length},
            path + ": the scale " + dimension.scale + " has another length");
    check(file, H5DSattach_scale(dataset, scale.get(), index), "attach a scale to " + path);
  }
}

}  // namespace

Handle create_dataset(const OpenFile& file, const std::string& path, hid_t type,
                      const DatasetInfo& info, Layout layout, std::size_t chunk_bytes) {
  Handle dataset = create_bare(file, path, type, info, layout, chunk_bytes);
  attach_scales(file, dataset.get(), path, info);
  if (!info.units.empty()) put_text(file, dataset.get(), "units", info.units);
  if (!info.long_name.empty()) put_text(file, dataset.get(), "long_name", info.long_name);
  return dataset;
}

void stretch_scale(const OpenFile& file, const std::string& path, std::uint64_t length) {
  const Handle scale = open_dataset(file, path);
  const std::uint64_t present = shape_of(file, scale.get(), path).at(0);
  if (present == length) return;
  require(present < length && is_growing_scale(file, scale.get()),
          "the scale " + path + " has another length");
  const hsize_t extent = length;
  check(file, H5Dset_extent(scale.get(), &extent), "stretch the scale " + path);
}

}  // namespace flopsieve::engine::h5_detail
