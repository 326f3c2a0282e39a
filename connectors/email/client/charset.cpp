#include "connectors/email/client/charset.hpp"

#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace qiao::email {
namespace {

struct CloseConverter {
  void operator()(UConverter* converter) const noexcept { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// How ICU calls what mails mean by a label; "" when nothing is known.
std::string charset_of(std::string_view label) {
  std::string name = lower(trim(label));
  std::erase_if(name, [](char c) { return c == '"' || c == '\'' || c == ' '; });
  if (const auto star = name.find('*'); star != std::string::npos) name.resize(star);  // RFC 2231: a language follows
  static constexpr std::pair<std::string_view, std::string_view> kMeant[] = {
      {"gb2312", "gb18030"},
      {"gbk", "gb18030"},
      {"x-gbk", "gb18030"},
      {"cp936", "gb18030"},
      {"gb_2312-80", "gb18030"},
      {"gb2312-80", "gb18030"},
      {"euc-cn", "gb18030"},
      {"ms936", "gb18030"},
      {"iso-8859-1", "windows-1252"},
      {"latin1", "windows-1252"},
      {"us-ascii", ""},
      {"ascii", ""},
      {"ks_c_5601-1987", "windows-949"},
      {"ks_c_5601", "windows-949"},
      {"euc-kr", "windows-949"},
      {"cp949", "windows-949"},
      {"shift_jis", "windows-31j"},
      {"shift-jis", "windows-31j"},
      {"sjis", "windows-31j"},
      {"utf8", "utf-8"},
      {"unicode-1-1-utf-7", "utf-7"},
      {"big5", "windows-950"},
      {"unknown-8bit", ""},
      {"x-unknown", ""},
      {"default", ""},
      {"8bit", ""},
      {"binary", ""},
  };
  for (const auto& [from, to] : kMeant) {
    if (name == from) return std::string(to);
  }
  return name;
}

std::string utf8_of(const UChar* units, std::int32_t count) {
  std::string text(static_cast<std::size_t>(count) * 3, '\0');
  std::int32_t size = 0;
  UErrorCode error = U_ZERO_ERROR;
  u_strToUTF8WithSub(text.data(), static_cast<std::int32_t>(text.size()), &size, units, count, 0xFFFD, nullptr, &error);
  text.resize(U_FAILURE(error) ? 0 : static_cast<std::size_t>(size));
  std::erase(text, '\0');
  return text;
}

/// Empty when the charset is unknown or, with `strict`, when the bytes are not all of it.
std::optional<std::string> decoded(std::string_view bytes, const std::string& charset, bool strict) {
  if (charset.empty() || charset.size() > 60 || bytes.size() > (1U << 30)) return std::nullopt;
  UErrorCode error = U_ZERO_ERROR;
  const Converter converter(ucnv_open(charset.c_str(), &error));
  if (U_FAILURE(error) || !converter) return std::nullopt;
  if (strict) ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  std::vector<UChar> units(bytes.size() * 2 + 16);
  std::int32_t count = ucnv_toUChars(converter.get(), units.data(), static_cast<std::int32_t>(units.size()),
                                     bytes.data(), static_cast<std::int32_t>(bytes.size()), &error);
  if (error == U_BUFFER_OVERFLOW_ERROR) {
    units.resize(static_cast<std::size_t>(count) + 1);
    error = U_ZERO_ERROR;
    ucnv_resetToUnicode(converter.get());
    count = ucnv_toUChars(converter.get(), units.data(), static_cast<std::int32_t>(units.size()), bytes.data(),
                          static_cast<std::int32_t>(bytes.size()), &error);
  }
  if (U_FAILURE(error)) return std::nullopt;
  return utf8_of(units.data(), count);
}

bool doubled(const std::string& charset) {
  for (const char* name : {"gb18030", "windows-949", "windows-950", "windows-31j", "euc-jp"}) {
    if (charset == name) return true;
  }
  return false;
}

/// Bytes that would begin such a character in UTF-8.
std::ptrdiff_t three_byte_characters(std::string_view bytes) {
  return std::count_if(bytes.begin(), bytes.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xF0U) == 0xE0U; });
}

bool stateful(const std::string& charset) { return charset.starts_with("iso-2022") || charset.starts_with("hz"); }

}  // namespace

bool is_utf8(std::string_view text) {
  std::int32_t units = 0;
  UErrorCode error = U_ZERO_ERROR;
  if (text.size() > (1U << 30)) return false;
  u_strFromUTF8(nullptr, 0, &units, text.data(), static_cast<std::int32_t>(text.size()), &error);
  return error == U_BUFFER_OVERFLOW_ERROR || !U_FAILURE(error);
}

std::string to_utf8(std::string_view bytes, std::string_view label) {
  const std::string charset = charset_of(label);
  const bool ascii =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const auto clean = [](std::string_view text) {
    std::string out(text);
    std::erase(out, '\0');
    return out;
  };
  if (ascii && !stateful(charset) && !charset.starts_with("utf-7") && !charset.starts_with("utf-16") &&
      !charset.starts_with("utf-32")) {
    return clean(bytes);
  }
  if (charset == "utf-8" && is_utf8(bytes)) return clean(bytes);
  // Double-byte charsets explain most byte pairs, so text in UTF-8 with such a label would become other characters.
  if (doubled(charset) && three_byte_characters(bytes) >= 2 && is_utf8(bytes)) return clean(bytes);
  // windows-1252 explains every byte, so it is believed only after UTF-8, which explains hardly any wrong one.
  if (charset != "windows-1252") {
    if (auto text = decoded(bytes, charset, true)) return *text;
  }
  if (is_utf8(bytes)) return clean(bytes);
  if (charset != "windows-1252" && charset != "utf-8") {
    if (auto text = decoded(bytes, charset, false); text && stateful(charset)) return *text;
  }
  if (charset.empty() || charset == "utf-8" || !decoded({}, charset, false)) {
    if (auto text = decoded(bytes, "gb18030", true)) return *text;
  }
  if (charset != "utf-8") {
    if (auto text = decoded(bytes, charset, false)) return *text;
  }
  // Mostly UTF-8 with a broken byte reads better than the same as Latin letters.
  auto text = decoded(bytes, charset == "utf-8" ? "utf-8" : "windows-1252", false);
  return text ? *text : std::string{};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), small);
  return out;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return small(x) == small(y); });
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), word.begin(), word.end(),
                                 [](char x, char y) { return small(x) == y; });
  return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

}  // namespace qiao::email
