#pragma once

#include <string>
#include <vector>

namespace flopsieve::jobs {

/// Columns of text aligned to the right, the first to the left.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> heading) : rows_{std::move(heading)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 -> "1,234,567".
std::string grouped(unsigned long long number);

/// 26590 -> "26,590", 4.2e11 -> "4.2e+11", 4.25 -> "4.25".
std::string amount_text(double amount);

}  // namespace flopsieve::jobs
