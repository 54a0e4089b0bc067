#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "engine/h5_detail.hpp"

namespace flopsieve::engine {

using namespace h5_detail;

namespace {

void add_text(Sha256& hash, const std::string& text) {
  hash.update(std::string_view(text.c_str(), text.size() + 1));
}

template <typename T>
void add_number(Sha256& hash, const T& number) {
  hash.update(std::as_bytes(std::span(&number, 1)));
}

/// Where every group and dataset stands: references are addresses.
using Objects = std::map<haddr_t, std::string>;

Objects all_objects(const OpenFile& file) {
  Objects objects;
  const auto collect = [](hid_t, const char* name, const H5O_info_t* info, void* data) -> herr_t {
    const std::string path = name;
    static_cast<Objects*>(data)->emplace(info->addr, path == "." ? "/" : "/" + path);
    return 0;
  };
  check(file,
        H5Ovisit2(file.handle.get(), H5_INDEX_NAME, H5_ITER_INC, collect, &objects, H5O_INFO_BASIC),
        "list the objects");
  return objects;
}

std::vector<std::string> attribute_names(const OpenFile& file, hid_t object) {
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* data) -> herr_t {
    static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    return 0;
  };
  check(file, H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names),
        "list the attributes");
  std::sort(names.begin(), names.end());
  return names;
}

/// An entry of REFERENCE_LIST as HDF5's dimension scales define it.
struct Attached {
  hobj_ref_t dataset;
  unsigned int dimension;
};

Handle attached_type(const OpenFile& file) {
  const std::string action = "make a type of references";
  Handle type = own(file, H5Tcreate(H5T_COMPOUND, sizeof(Attached)), H5Tclose, action);
  check(file, H5Tinsert(type.get(), "dataset", HOFFSET(Attached, dataset), H5T_STD_REF_OBJ),
        action);
  check(file, H5Tinsert(type.get(), "dimension", HOFFSET(Attached, dimension), H5T_NATIVE_UINT),
        action);
  return type;
}

/// An attribute that is open, and what is needed to read it.
struct OpenAttribute {
  const OpenFile& file;
  const Objects& objects;
  hid_t id;
  hid_t type;
  hid_t space;
  std::size_t count;
  std::string action;

  template <typename T>
  std::vector<T> read(hid_t as) const {
    std::vector<T> values(count);
    check(file, H5Aread(id, as, values.data()), action);
    return values;
  }

  /// The path of the dataset that a dimension or a scale refers to.
  void add_reference(hobj_ref_t reference, Sha256& hash) const {
    const auto found = objects.find(reference);
    if (found == objects.end()) fail(file, action, "it refers to what is not there");
    add_text(hash, found->second);
  }
};

void add_attached(const OpenAttribute& attribute, Sha256& hash) {
  const Handle type = attached_type(attribute.file);
  for (const Attached& each : attribute.read<Attached>(type.get())) {
    attribute.add_reference(each.dataset, hash);
    add_number(hash, each.dimension);
  }
}

/// DIMENSION_LIST: the scales of each dimension.
void add_dimensions(const OpenAttribute& attribute, Sha256& hash) {
  std::vector<hvl_t> lists = attribute.read<hvl_t>(attribute.type);
  const auto reclaim = [&](std::vector<hvl_t>* values) {
    H5Dvlen_reclaim(attribute.type, attribute.space, H5P_DEFAULT, values->data());
  };
  const std::unique_ptr<std::vector<hvl_t>, decltype(reclaim)> owner(&lists, reclaim);
  for (const hvl_t& list : lists) {
    const auto* references = static_cast<const hobj_ref_t*>(list.p);
    for (std::size_t i = 0; i < list.len; ++i) attribute.add_reference(references[i], hash);
  }
}

void add_texts(const OpenAttribute& attribute, Sha256& hash) {
  if (H5Tis_variable_str(attribute.type) > 0) {
    const Handle type = text_type(attribute.file);
    for (const std::string& text : take_strings(attribute.read<char*>(type.get()))) {
      add_text(hash, text);
    }
    return;
  }
  const std::size_t size = H5Tget_size(attribute.type);
  std::vector<char> bytes(size * attribute.count + 1);
  check(attribute.file, H5Aread(attribute.id, attribute.type, bytes.data()), attribute.action);
  for (std::size_t i = 0; i < attribute.count; ++i) {
    const char* text = bytes.data() + i * size;
    add_text(hash, std::string(text, std::find(text, text + size, '\0')));
  }
}

void add_value(const OpenAttribute& attribute, Sha256& hash) {
  switch (H5Tget_class(attribute.type)) {
    case H5T_STRING:
      return add_texts(attribute, hash);
    case H5T_VLEN:
      return add_dimensions(attribute, hash);
    case H5T_COMPOUND:
      return add_attached(attribute, hash);
    case H5T_INTEGER:
    case H5T_FLOAT: {
      std::vector<std::byte> bytes(H5Tget_size(attribute.type) * attribute.count);
      check(attribute.file, H5Aread(attribute.id, attribute.type, bytes.data()), attribute.action);
      return hash.update(bytes);
    }
    default:
      fail(attribute.file, attribute.action, "it is of a type that is not used here");
  }
}

void add_attribute(const OpenFile& file, const Objects& objects, hid_t object,
                   const std::string& name, Sha256& hash) {
  const std::string action = "read the attribute " + name;
  const Handle attribute = own(file, H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, action);
  const Handle type = own(file, H5Aget_type(attribute.get()), H5Tclose, action);
  const Handle space = own(file, H5Aget_space(attribute.get()), H5Sclose, action);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  check(file, count, action);
  add_text(hash, name);
  if (count == 0) return;
  add_value({file, objects, attribute.get(), type.get(), space.get(),
             static_cast<std::size_t>(count), action},
            hash);
}

}  // namespace

std::string H5File::metadata_sha256(const std::string& left_out) const {
  const State& file = state();
  const Objects objects = all_objects(file);
  std::vector<std::string> paths;
  for (const auto& [address, path] : objects) paths.push_back(path);
  std::sort(paths.begin(), paths.end());
  Sha256 hash;
  for (const std::string& path : paths) {
    add_text(hash, path);
    const Handle object = open_object(file, path);
    if (H5Iget_type(object.get()) == H5I_DATASET) {
      for (const std::uint64_t length : shape_of(file, object.get(), path)) {
        add_number(hash, length);
      }
      if (!number_type_of(file, object.get())) {
        for (const std::string& text : read_strings(path)) add_text(hash, text);
      }
    }
    for (const std::string& name : attribute_names(file, object.get())) {
      if (path != "/" || name != left_out) add_attribute(file, objects, object.get(), name, hash);
    }
  }
  return hash.hex();
}

}  // namespace flopsieve::engine
