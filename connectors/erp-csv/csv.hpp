#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qiao/result.hpp"

namespace qiao::erp_csv {

struct CsvRow {
  std::size_t line = 0;  ///< where it begins, counted from 1
  std::vector<std::string> cells;
};

struct CsvTable {
  std::vector<std::string> heading;
  std::vector<CsvRow> rows;
};

/// Reads a CSV file as Excel, WPS and ERPs write it: UTF-8 with or without a mark, UTF-16 with one, else GB18030;
/// comma, semicolon or tab, whichever the heading uses most; quotes as in RFC 4180; cells trimmed; empty lines skipped.
/// At most 64 MB, a million rows, 200 columns. Errors name the line.
Result<CsvTable> read_csv(std::string_view bytes);

}  // namespace qiao::erp_csv
