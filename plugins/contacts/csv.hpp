#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qiao/result.hpp"

namespace qiao::contacts {

/// One line of a CSV file with the number under which a person finds it.
struct CsvRow {
  std::size_t line = 0;
  std::vector<std::string> cells;
};

/// RFC 4180 with what spreadsheets make of it: an optional byte order mark, "," or ";" or tab (whichever the first line
/// has), quotes, line breaks within quotes, empty lines left out. `csv.bad_value` names the line.
[[nodiscard]] Result<std::vector<CsvRow>> parse_csv(std::string_view text);

/// A cell, quoted where needed. What a spreadsheet would take for a formula begins with ' so that it is a text.
void append_cell(std::string& line, std::string_view cell);
/// The text of a cell as `append_cell` got it.
[[nodiscard]] std::string_view undefused(std::string_view cell);

}  // namespace qiao::contacts
