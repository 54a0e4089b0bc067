#pragma once

#include <cstddef>
#include <string>

namespace flopsieve::jobs {

/// Whether stdout is a terminal.
bool stdout_is_terminal();

/// Texts on stdout, one after the other; on a screen that redraws each over the one before.
class Screen {
 public:
  explicit Screen(bool redraws) : redraws_(redraws) {}
  void draw(const std::string& text);

 private:
  bool redraws_;
  std::ptrdiff_t lines_ = 0;
};

}  // namespace flopsieve::jobs
