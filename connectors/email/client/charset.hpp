#pragma once

#include <string>
#include <string_view>

#include "qiao/utf8.hpp"

namespace qiao::email {

/// UTF-8 from bytes in the charset that a mail names. Labels are taken as mails mean them: gb2312 and gbk are GB18030,
/// iso-8859-1 is windows-1252, ks_c_5601-1987 is cp949. An unknown, missing or wrong label is guessed: strict UTF-8,
/// then GB18030, then windows-1252. Never fails; what no charset explains becomes U+FFFD; zero bytes vanish.
std::string to_utf8(std::string_view bytes, std::string_view label);

[[nodiscard]] bool is_utf8(std::string_view text);

std::string lower(std::string_view text);                              ///< ASCII only
std::string_view trim(std::string_view text);                          ///< blanks, tabs and line breaks
[[nodiscard]] bool same_word(std::string_view a, std::string_view b);  ///< ASCII letters in either case
/// Where `word` (lower case ASCII) begins in `text`, letters in either case; npos when nowhere.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0);

}  // namespace qiao::email
