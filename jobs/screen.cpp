#include "jobs/screen.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "jobs/console.hpp"

namespace flopsieve::jobs {

bool stdout_is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

void Screen::draw(const std::string& text) {
  const std::string back = lines_ > 0 ? fmt::format("\033[{}A\033[J", lines_) : "";
  print_result(back + text);
  if (redraws_) lines_ = std::count(text.begin(), text.end(), '\n');
}

}  // namespace flopsieve::jobs
