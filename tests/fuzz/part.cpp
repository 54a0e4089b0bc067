// Parts whose seal is whole and whose contents are not: numbers, texts, shapes, types and
// attributes of a valid part are changed through HDF5, and the part is sealed again. A run that
// resumes from it must end, or refuse it with an Error. (What is wrong below HDF5's own calls never
// reaches HDF5: the seal keeps it out.)
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/join.hpp"
#include "engine/parts.hpp"
#include "engine/result_file.hpp"
#include "engine/runner.hpp"
#include "engine/sealed.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/fuzz/demand.hpp"

namespace {

namespace fs = std::filesystem;
using namespace flopsieve::engine;

/// The bytes of the input one after the other, then zeros.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  bool empty() const { return at_ >= size_; }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : data_[at_++]; }
  std::size_t below(std::size_t count) {
    const std::size_t value = byte() + std::size_t{256} * (count > 256 ? byte() : 0U);
    return count == 0 ? 0 : value % count;
  }
  std::array<std::uint8_t, 8> eight() {
    std::array<std::uint8_t, 8> bytes{};
    for (std::uint8_t& each : bytes) each = byte();
    return bytes;
  }
  std::string text() {
    std::string text(below(32), '\0');
    for (char& each : text) each = static_cast<char>(std::max<std::uint8_t>(byte(), 1));
    return text;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

Study fuzzed_study() {
  Plan plan = testing::uneven_plan(Keep::samples);
  plan.trajectories = 4 * plan.batch_trajectories - 1;
  return testing::study_of(plan);
}

hid_t text_type() {
  static const hid_t type = [] {
    const hid_t made = H5Tcopy(H5T_C_S1);
    H5Tset_size(made, H5T_VARIABLE);
    H5Tset_cset(made, H5T_CSET_UTF8);
    return made;
  }();
  return type;
}

/// A valid part, and what is in it.
struct Valid {
  Study study = fuzzed_study();
  fs::path output;
  fs::path part;
  PageBytes image;
  std::vector<std::string> datasets;

  Valid() {
    const fs::path memory = "/dev/shm";
    std::string folder =
        ((fs::is_directory(memory) ? memory : fs::temp_directory_path()) / "fuzz-XXXXXX").string();
    demand(mkdtemp(folder.data()) != nullptr, "no scratch folder");
    output = fs::path(folder) / "run.h5";
    PartWriter writer(parts_folder(output), study, {});
    for (std::uint64_t batch = 0; batch < 3; ++batch) writer.add(*run_batch(study.plan, batch));
    writer.seal();
    part = writer.parts().at(0).path;
    image = unseal(part);
    const H5File file = H5File::open_image(unseal(part), "valid");
    datasets = file.datasets();
  }
  ~Valid() {
    std::error_code ignored;
    fs::remove_all(output.parent_path(), ignored);
  }
  Valid(const Valid&) = delete;
  Valid& operator=(const Valid&) = delete;
};

/// Replaces an element by eight bytes, or a text.
void change_element(hid_t file, const std::string& path, Choices& choices) {
  const hid_t dataset = H5Dopen2(file, path.c_str(), H5P_DEFAULT);
  if (dataset < 0) return;
  const hid_t type = H5Dget_type(dataset);
  const hid_t space = H5Dget_space(dataset);
  const auto count = static_cast<std::size_t>(H5Sget_simple_extent_npoints(space));
  const std::size_t width = H5Tget_size(type);
  const bool texts = H5Tis_variable_str(type) > 0;
  std::vector<std::uint8_t> bytes(count * width);
  if (count > 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) >= 0) {
    std::uint8_t* element = bytes.data() + choices.below(count) * width;
    char* stored = nullptr;
    std::string text;
    if (texts) {
      std::memcpy(&stored, element, sizeof stored);
      if (stored != nullptr) text = stored;  // null: never written
      const std::string piece = choices.text();
      text.replace(choices.below(text.size() + 1), choices.below(2) * piece.size(), piece);
      const char* changed = text.c_str();
      std::memcpy(element, &changed, sizeof changed);
    } else {
      const auto number = choices.eight();
      std::memcpy(element, number.data(), std::min(width, number.size()));
    }
    H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
    if (texts) {
      std::memcpy(element, &stored, sizeof stored);
      H5Dvlen_reclaim(type, space, H5P_DEFAULT, bytes.data());
    }
  }
  H5Sclose(space);
  H5Tclose(type);
  H5Dclose(dataset);
}

/// Puts a dataset of another shape and type in the place of one.
void replace_dataset(hid_t file, const std::string& path, Choices& choices) {
  H5Ldelete(file, path.c_str(), H5P_DEFAULT);
  const std::array<hid_t, 8> types{H5T_STD_U8LE,  H5T_STD_U32LE,  H5T_STD_U64LE,  H5T_STD_I32LE,
                                   H5T_STD_I64LE, H5T_IEEE_F32LE, H5T_IEEE_F64LE, text_type()};
  const hid_t type = types[choices.below(types.size())];
  std::array<hsize_t, 4> lengths{};
  const std::size_t rank = choices.below(lengths.size() + 1);
  std::size_t count = 1;
  for (std::size_t i = 0; i < rank; ++i) count *= lengths[i] = choices.below(16);
  const hid_t space = rank == 0 ? H5Screate(H5S_SCALAR)
                                : H5Screate_simple(static_cast<int>(rank), lengths.data(), nullptr);
  const hid_t dataset =
      H5Dcreate2(file, path.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (type != text_type() && dataset >= 0) {
    std::vector<std::uint8_t> bytes(count * 8, choices.byte());
    H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  }
  H5Dclose(dataset);
  H5Sclose(space);
}

void change_attribute(hid_t file, Choices& choices) {
  constexpr std::array<const char*, 3> names{"kind", "format_version", "identity"};
  const char* name = names[choices.below(names.size())];
  switch (choices.below(3)) {
    case 0:
      H5Adelete(file, name);
      break;
    case 1: {
      const int value = choices.byte();
      H5LTset_attribute_int(file, "/", name, &value, 1);
      break;
    }
    default:
      H5LTset_attribute_string(file, "/", name, choices.text().c_str());
  }
}

PageBytes changed(const Valid& valid, Choices& choices) {
  PageBytes image{std::span<const std::byte>(valid.image)};
  const hid_t file = H5LTopen_file_image(image.data(), image.size(), H5LT_FILE_IMAGE_OPEN_RW);
  demand(file >= 0, "the valid part opens");
  for (int change = 0; change < 4 && !choices.empty(); ++change) {
    const std::size_t kind = choices.below(8);
    const std::string& path = valid.datasets[choices.below(valid.datasets.size())];
    if (kind < 4) {
      change_element(file, path, choices);
    } else if (kind < 6) {
      replace_dataset(file, path, choices);
    } else if (kind < 7) {
      H5Ldelete(file, path.c_str(), H5P_DEFAULT);
    } else {
      change_attribute(file, choices);
    }
  }
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  PageBytes result(
      static_cast<std::size_t>(std::max<ssize_t>(H5Fget_file_image(file, nullptr, 0), 0)));
  H5Fget_file_image(file, result.data(), result.size());
  H5Fclose(file);
  return result;
}

void demand_inside(const Piece& piece, std::size_t years) {
  const Columns& columns = piece.part.columns;
  demand(piece.first_row + piece.rows <= columns.trajectory.size(), "rows");
  demand((piece.first_row + piece.rows) * years <= columns.attempt.size(), "attempts");
  demand(piece.first_set + piece.sets <= columns.row_size.size(), "sets");
  std::size_t end = piece.first_size;
  for (std::size_t i = 0; i < piece.sets; ++i) end += columns.row_size[piece.first_set + i];
  demand(end <= columns.z.size(), "sizes");
}

/// Goes through the parts of the folder as a run does that joins them.
void join(const Valid& valid) {
  const fs::path folder = parts_folder(valid.output);
  stored_study(folder);
  PartList list = list_parts(folder, valid.study, [](const std::string&) {});
  const Joining joining = arrange(valid.study.plan, std::move(list.parts), 0, 3);
  JoinedBatches batches(joining, valid.study.plan);
  while (const auto piece = batches.next()) demand_inside(*piece, valid.study.plan.year_count());
  fold_batches(valid.study.plan, joining, nullptr, nullptr);
}

/// Resumes a run from them.
void resume(const Valid& valid) {
  RunOptions options;
  options.output = valid.output;
  options.backend = Backend::serial;
  run_study(valid.study, options);
  read_result_file(valid.output);
}

/// An Error is an answer too.
template <class Use>
void try_to(const Use& use, const Valid& valid) {
  try {
    use(valid);
  } catch (const Error& error) {
    demand(error.code() == ExitCode::storage || error.code() == ExitCode::bad_input ||
               error.code() == ExitCode::budget,
           std::string("the exit code of: ") + error.what());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Valid valid;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  Choices choices(data, size);
  const bool whole_run = choices.below(256) == 255;  // it takes as long as a hundred of the others
  const PageBytes image = changed(valid, choices);
  fs::remove_all(valid.output.parent_path());
  fs::create_directories(parts_folder(valid.output));
  seal(valid.part, image);
  if (whole_run) {
    try_to(resume, valid);
  } else {
    try_to(join, valid);
  }
  return 0;
}
