#include "engine/h5_detail.hpp"

#include <array>
#include <functional>
#include <numeric>

#include "engine/error.hpp"

namespace flopsieve::engine::h5_detail {
namespace {

constexpr unsigned int kTracked = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;

constexpr std::array kAllTypes{H5Type::uint8, H5Type::uint32,  H5Type::uint64, H5Type::int32,
                               H5Type::int64, H5Type::float32, H5Type::float64};

/// The innermost entry of HDF5's error stack, or the operating system's words where it quotes them.
std::string hdf5_reason() {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned int depth, const H5E_error2_t* error, void* text) -> herr_t {
        if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
        return 0;
      },
      &reason);
  constexpr std::string_view kQuote = "error message = '";
  const std::size_t quote = reason.find(kQuote);
  if (quote != std::string::npos) {
    const std::size_t begin = quote + kQuote.size();
    reason = reason.substr(begin, reason.find('\'', begin) - begin);
  }
  return reason.empty() ? "HDF5 gives no reason" : reason;
}

/// Calls visit("/a"), visit("/a/b") for the path "/a/b/c": the groups above it.
template <typename Visit>
void for_each_group_above(const std::string& path, const Visit& visit) {
  require(path.size() > 1 && path.front() == '/' && path.back() != '/', "bad path " + path);
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    visit(path.substr(0, slash));
  }
}

bool link_exists(const OpenFile& file, const std::string& path) {
  const htri_t found = H5Lexists(file.handle.get(), path.c_str(), H5P_DEFAULT);
  check(file, found, "look up " + path);
  return found > 0;
}

/// The file's and the memory's side of a transfer of rows [first, first + count).
struct Selection {
  Handle in_file;
  Handle in_memory;
};

Selection select_rows(const OpenFile& file, hid_t dataset, std::vector<std::uint64_t> shape,
                      std::uint64_t first, std::uint64_t count) {
  const std::string action = "select rows " + std::to_string(first) + " and on";
  if (count > shape.at(0) || first > shape.at(0) - count) fail(file, action, "they do not exist");
  shape[0] = count;
  const std::vector<hsize_t> counts(shape.begin(), shape.end());
  std::vector<hsize_t> start(shape.size(), 0);
  start[0] = first;
  Selection selection{
      own(file, H5Dget_space(dataset), H5Sclose, action),
      own(file, H5Screate_simple(static_cast<int>(counts.size()), counts.data(), nullptr), H5Sclose,
          action)};
  check(file,
        H5Sselect_hyperslab(selection.in_file.get(), H5S_SELECT_SET, start.data(), nullptr,
                            counts.data(), nullptr),
        action);
  return selection;
}

}  // namespace

void silence() {
  // At the end of the program the library would close once more what it failed to close before, as
  // on a full disk, and crash. Whatever we open we close.
  static const bool leaves_no_handler = H5dont_atexit() >= 0;
  static_cast<void>(leaves_no_handler);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

void fail(const OpenFile& file, const std::string& action, const std::string& reason) {
  throw Error(ExitCode::storage, file.name + ": cannot " + action + ": " + reason);
}

void check(const OpenFile& file, long long result, const std::string& action) {
  if (result < 0) fail(file, action, hdf5_reason());
}

Handle own(const OpenFile& file, hid_t id, Handle::Closer closer, const std::string& action) {
  check(file, id, action);
  return {id, closer};
}

void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument("HDF5: " + message);
}

hid_t number_type(H5Type type) {
  switch (type) {
    case H5Type::uint8:
      return H5T_STD_U8LE;
    case H5Type::uint32:
      return H5T_STD_U32LE;
    case H5Type::uint64:
      return H5T_STD_U64LE;
    case H5Type::int32:
      return H5T_STD_I32LE;
    case H5Type::int64:
      return H5T_STD_I64LE;
    case H5Type::float32:
      return H5T_IEEE_F32LE;
    case H5Type::float64:
      return H5T_IEEE_F64LE;
  }
  throw std::invalid_argument("HDF5: no such number type");
}

std::size_t number_size(H5Type type) {
  return H5Tget_size(number_type(type));
}

Handle text_type(const OpenFile& file) {
  Handle type = own(file, H5Tcopy(H5T_C_S1), H5Tclose, "make a text type");
  check(file, H5Tset_size(type.get(), H5T_VARIABLE), "make a text type");
  check(file, H5Tset_cset(type.get(), H5T_CSET_UTF8), "make a text type");
  return type;
}

std::vector<const char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) {
    require(text.find('\0') == std::string::npos, "a text with a zero byte cannot be stored");
    pointers.push_back(text.c_str());
  }
  return pointers;
}

std::vector<std::string> take_strings(const std::vector<char*>& pointers) {
  std::vector<std::string> texts;
  for (char* pointer : pointers) {
    texts.emplace_back(pointer == nullptr ? "" : pointer);
    H5free_memory(pointer);
  }
  return texts;
}

void require_texts(const OpenFile& file, hid_t type, const std::string& what) {
  if (H5Tis_variable_str(type) <= 0) fail(file, "read " + what, "it does not hold texts");
}

std::uint64_t product(std::span<const std::uint64_t> lengths) {
  return std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{1}, std::multiplies<>());
}

bool object_exists(const OpenFile& file, const std::string& path) {
  if (path == "/") return true;
  bool found = true;
  for_each_group_above(
      path, [&](const std::string& group) { found = found && link_exists(file, group); });
  return found && link_exists(file, path);
}

void make_groups_above(const OpenFile& file, const std::string& path) {
  for_each_group_above(path, [&](const std::string& group) {
    if (link_exists(file, group)) return;
    const std::string action = "make the group " + group;
    const Handle creation = own(file, H5Pcreate(H5P_GROUP_CREATE), H5Pclose, action);
    check(file, H5Pset_link_creation_order(creation.get(), kTracked), action);
    check(file, H5Pset_obj_track_times(creation.get(), false), action);
    own(file,
        H5Gcreate2(file.handle.get(), group.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
        H5Gclose, action);
  });
}

Handle open_object(const OpenFile& file, const std::string& path) {
  return own(file, H5Oopen(file.handle.get(), path.c_str(), H5P_DEFAULT), H5Oclose, "open " + path);
}

Handle open_dataset(const OpenFile& file, const std::string& path) {
  return own(file, H5Dopen2(file.handle.get(), path.c_str(), H5P_DEFAULT), H5Dclose,
             "open the dataset " + path);
}

void close_written(const OpenFile& file, Handle dataset) {
  check(file, H5Dclose(dataset.release()), "write");
}

std::vector<std::uint64_t> shape_of(const OpenFile& file, hid_t dataset, const std::string& path) {
  const std::string action = "read the shape of " + path;
  const Handle space = own(file, H5Dget_space(dataset), H5Sclose, action);
  const int rank = H5Sget_simple_extent_ndims(space.get());
  check(file, rank, action);
  if (rank == 0) fail(file, action, "it has no dimensions");
  std::vector<hsize_t> lengths(static_cast<std::size_t>(rank));
  check(file, H5Sget_simple_extent_dims(space.get(), lengths.data(), nullptr), action);
  return {lengths.begin(), lengths.end()};
}

std::optional<H5Type> number_type_of(const OpenFile& file, hid_t dataset) {
  const Handle stored = own(file, H5Dget_type(dataset), H5Tclose, "read a type");
  for (const H5Type type : kAllTypes) {
    if (H5Tequal(stored.get(), number_type(type)) > 0) return type;
  }
  return std::nullopt;
}

void read_hyperslab(const OpenFile& file, hid_t dataset, hid_t type,
                    const std::vector<std::uint64_t>& shape, std::uint64_t first,
                    std::uint64_t count, void* values) {
  const Selection rows = select_rows(file, dataset, shape, first, count);
  check(file, H5Dread(dataset, type, rows.in_memory.get(), rows.in_file.get(), H5P_DEFAULT, values),
        "read rows");
}

void write_hyperslab(const OpenFile& file, hid_t dataset, hid_t type,
                     const std::vector<std::uint64_t>& shape, std::uint64_t first,
                     std::uint64_t count, const void* values) {
  const Selection rows = select_rows(file, dataset, shape, first, count);
  check(file,
        H5Dwrite(dataset, type, rows.in_memory.get(), rows.in_file.get(), H5P_DEFAULT, values),
        "write");
}

void put_attribute(const OpenFile& file, hid_t object, const std::string& name, hid_t type,
                   hid_t space, const void* values) {
  const std::string action = "write the attribute " + name;
  const htri_t found = H5Aexists(object, name.c_str());
  check(file, found, action);
  if (found > 0) check(file, H5Adelete(object, name.c_str()), action);
  const Handle attribute =
      own(file, H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
          action);
  check(file, H5Awrite(attribute.get(), type, values), action);
}

void put_text(const OpenFile& file, hid_t object, const std::string& name, std::string_view text) {
  const std::vector<std::string> texts{std::string(text)};
  const std::vector<const char*> pointers = c_strings(texts);
  const Handle type = text_type(file);
  const Handle space = own(file, H5Screate(H5S_SCALAR), H5Sclose, "write the attribute " + name);
  put_attribute(file, object, name, type.get(), space.get(), pointers.data());
}

}  // namespace flopsieve::engine::h5_detail
