#include "plugins/contacts/csv.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::contacts {
namespace {

constexpr std::string_view kFormula = "=+-@\t\r";
constexpr std::size_t kMostCells = 200;

char separator_of(std::string_view text) {
  const std::string_view first = text.substr(0, text.find('\n'));
  const auto times = [&](char c) { return std::count(first.begin(), first.end(), c); };
  if (times('\t') > times(',') && times('\t') > times(';')) return '\t';
  return times(';') > times(',') ? ';' : ',';
}

}  // namespace

Result<std::vector<CsvRow>> parse_csv(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const char separator = separator_of(text);
  std::vector<CsvRow> rows;
  CsvRow row{1, {}};
  std::string cell;
  std::size_t line = 1;
  bool quoted = false;
  bool was_quoted = false;
  const auto bad = [&](const char* what) {
    return Error{Errc::bad_value, "csv.bad_value", fmt::format("line {}: {}", line, what)};
  };
  const auto end_cell = [&] {
    row.cells.push_back(std::exchange(cell, {}));
    was_quoted = false;
  };
  const auto end_row = [&] {
    end_cell();
    const bool empty = row.cells.size() == 1 && row.cells[0].empty();
    if (!empty) rows.push_back(std::move(row));
    row = {line + 1, {}};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else if (c == '"') {
        quoted = false;
      } else {
        if (c == '\n') ++line;
        cell += c;
      }
    } else if (c == '"') {
      if (!cell.empty() || was_quoted) return bad("a quote within a cell; write it twice and quote the whole cell");
      quoted = was_quoted = true;
    } else if (c == separator) {
      if (row.cells.size() >= kMostCells) return bad("too many columns");
      end_cell();
    } else if (c == '\n') {
      end_row();
      ++line;
    } else if (c == '\r' && (i + 1 == text.size() || text[i + 1] == '\n')) {
      continue;
    } else {
      if (was_quoted) return bad("text after a closing quote");
      cell += c;
    }
  }
  if (quoted) return bad("a quote is never closed");
  if (!cell.empty() || was_quoted || !row.cells.empty()) end_row();
  return rows;
}

void append_cell(std::string& line, std::string_view cell) {
  std::string text(cell);
  if (!text.empty() && kFormula.find(text.front()) != std::string_view::npos) text.insert(text.begin(), '\'');
  if (text.find_first_of(",;\t\"\r\n") == std::string::npos) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

std::string_view undefused(std::string_view cell) {
  if (cell.size() > 1 && cell.front() == '\'' && kFormula.find(cell[1]) != std::string_view::npos)
    cell.remove_prefix(1);
  return cell;
}

}  // namespace qiao::contacts
