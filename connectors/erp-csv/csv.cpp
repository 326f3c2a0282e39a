#include "connectors/erp-csv/csv.hpp"

#include <fmt/format.h>
#include <unicode/ucnv.h>

#include <algorithm>

namespace qiao::erp_csv {
namespace {

constexpr std::size_t kLargest = 64U << 20U;
constexpr std::size_t kMostRows = 1'000'000;
constexpr std::size_t kMostColumns = 200;

Error bad(std::size_t line, std::string_view what) {
  return {Errc::bad_value, "erp.bad_csv", fmt::format("line {}: {}", line, what)};
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t size = c < 0x80 ? 1 : (c >> 5U) == 6 ? 2 : (c >> 4U) == 14 ? 3 : (c >> 3U) == 30 ? 4 : 0;
    if (size == 0 || i + size > text.size()) return false;
    for (std::size_t k = 1; k < size; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80U) return false;
    }
    i += size;
  }
  return true;
}

Result<std::string> converted(std::string_view bytes, const char* from) {
  UErrorCode error = U_ZERO_ERROR;
  UConverter* source = ucnv_open(from, &error);
  if (U_FAILURE(error)) return Error{Errc::internal, fmt::format("no converter for {}", from)};
  ucnv_setToUCallBack(source, UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  std::u16string wide(bytes.size() + 1, u'\0');
  const std::int32_t units = ucnv_toUChars(source, wide.data(), static_cast<std::int32_t>(wide.size()), bytes.data(),
                                           static_cast<std::int32_t>(bytes.size()), &error);
  ucnv_close(source);
  if (U_FAILURE(error)) return bad(1, fmt::format("the file is neither UTF-8 nor {}", from));
  std::string text(static_cast<std::size_t>(units) * 3 + 1, '\0');
  UConverter* target = ucnv_open("UTF-8", &error);
  const std::int32_t size =
      ucnv_fromUChars(target, text.data(), static_cast<std::int32_t>(text.size()), wide.data(), units, &error);
  ucnv_close(target);
  if (U_FAILURE(error)) return bad(1, "the file has characters that do not exist");
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<std::string> decoded(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return converted(bytes, "UTF-16");
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (is_utf8(bytes)) return std::string(bytes);
  return converted(bytes, "gb18030");
}

char separator_of(std::string_view text) {
  const std::string_view heading = text.substr(0, text.find_first_of("\r\n"));
  char best = ',';
  std::ptrdiff_t most = 0;
  for (const char c : {',', ';', '\t'}) {
    if (const auto n = std::count(heading.begin(), heading.end(), c); n > most) {
      most = n;
      best = c;
    }
  }
  return best;
}

std::string trimmed(std::string_view cell) {
  const std::size_t from = cell.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return std::string(cell.substr(from, cell.find_last_not_of(" \t") - from + 1));
}

/// Takes one record after the other off a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text), separator_(separator_of(text)) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }

  Result<CsvRow> next() {
    CsvRow row{line_, {}};
    for (;;) {
      if (row.cells.size() == kMostColumns) return bad(row.line, "more than 200 columns");
      std::string cell;
      if (auto read = read_cell(cell); !read) return read.error();
      row.cells.push_back(std::move(cell));
      if (!cut(separator_)) break;
    }
    if (!rest_.empty()) end_line();
    return row;
  }

 private:
  Result<void> read_cell(std::string& cell) {
    std::size_t skip = 0;
    while (skip < rest_.size() && rest_[skip] == ' ') ++skip;
    if (skip < rest_.size() && rest_[skip] == '"') {
      rest_.remove_prefix(skip);
      return read_quoted(cell);
    }
    const char stops[] = {separator_, '\r', '\n'};
    const std::size_t end = std::min(rest_.find_first_of(std::string_view(stops, 3)), rest_.size());
    cell = trimmed(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return {};
  }

  Result<void> read_quoted(std::string& cell) {
    const std::size_t began = line_;
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) return bad(began, "a quote is opened and not closed");
      cell += rest_.substr(0, quote);
      line_ +=
          static_cast<std::size_t>(std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(quote), '\n'));
      rest_.remove_prefix(quote + 1);
      if (!cut('"')) break;
      cell += '"';
    }
    while (cut(' ')) {
    }
    if (!rest_.empty() && rest_.front() != separator_ && rest_.front() != '\r' && rest_.front() != '\n') {
      return bad(line_, "something follows a closing quote");
    }
    return {};
  }

  bool cut(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void end_line() {
    const bool carriage = cut('\r');
    if (cut('\n') || carriage) ++line_;
  }

  std::string_view rest_;
  const char separator_;
  std::size_t line_ = 1;
};

bool is_empty(const CsvRow& row) {
  return std::all_of(row.cells.begin(), row.cells.end(), [](const std::string& c) { return c.empty(); });
}

}  // namespace

Result<CsvTable> read_csv(std::string_view bytes) {
  if (bytes.size() > kLargest) return bad(1, "the file is larger than 64 MB");
  auto text = decoded(bytes);
  if (!text) return text.error();
  CsvTable table;
  for (Reader reader(*text); !reader.done();) {
    auto row = reader.next();
    if (!row) return row.error();
    if (is_empty(*row)) continue;
    if (table.heading.empty()) {
      table.heading = std::move(row->cells);
    } else {
      if (table.rows.size() == kMostRows) return bad(row->line, "more than a million rows");
      table.rows.push_back(std::move(*row));
    }
  }
  if (table.heading.empty()) return bad(1, "the file is empty; the first line names the columns");
  return table;
}

}  // namespace qiao::erp_csv
