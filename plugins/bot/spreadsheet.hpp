#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qiao/result.hpp"

namespace qiao::bot {

/// Rows of cells as texts; the first one is the heading.
using Table = std::vector<std::vector<std::string>>;

/// An Office Open XML workbook (.xlsx) with one sheet of texts.
std::string write_xlsx(const Table& table, const std::string& sheet);

/// The first sheet of a workbook: texts, numbers as they stand, truth as true or false; formulas by their last result.
/// Limits: 8 MB packed, 64 MB a part, 20,000 rows, 200 columns. `bot.bad_xlsx` says what is wrong.
Result<Table> read_xlsx(std::string_view bytes);

}  // namespace qiao::bot
