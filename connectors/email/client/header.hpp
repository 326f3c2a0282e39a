#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qiao/time.hpp"

namespace qiao::email {

struct Address {
  std::string name;     ///< UTF-8
  std::string address;  ///< local@domain, in lower case; "" when it was no address
};

/// The header of a mail or of a part: names in lower case, values unfolded, otherwise as they came.
class Header {
 public:
  /// Reads the header at the start of `bytes` and moves `at` behind it and its blank line. Bytes past 256 KB of it are
  /// passed over.
  static Header read(std::string_view bytes, std::size_t& at);

  void add(std::string name, std::string value);
  /// The first of that name; "" when there is none.
  [[nodiscard]] std::string_view raw(std::string_view lower_case_name) const;
  [[nodiscard]] bool has(std::string_view lower_case_name) const;
  [[nodiscard]] std::vector<std::string_view> all(std::string_view lower_case_name) const;
  /// With encoded words read.
  [[nodiscard]] std::string text(std::string_view lower_case_name) const;
  [[nodiscard]] std::vector<Address> addresses(std::string_view lower_case_name) const;
  /// Ids of References, In-Reply-To or Message-ID, without their brackets.
  [[nodiscard]] std::vector<std::string> ids(std::string_view lower_case_name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// "text/html; charset=gbk" in its parts; RFC 2231 continuations and charsets in parameters, and the encoded words that
/// many mailers write there, are read.
struct Parameters {
  std::string value;  ///< lower case
  std::map<std::string, std::string> named;
  [[nodiscard]] std::string get(const std::string& name) const;
};
Parameters read_parameters(std::string_view header_value);

/// RFC 2047, as mails write it: characters that were cut in two by encoded words are joined, raw 8-bit bytes guessed.
std::string decode_words(std::string_view value);
/// Words for a header when the text needs it, lines folded below 76 bytes. `column`: how long the line is already.
std::string encode_words(std::string_view text, std::size_t column);

std::vector<Address> read_addresses(std::string_view value);
std::vector<std::string> read_ids(std::string_view value);
/// RFC 5322 with the obsolete forms; 1970 when it is none.
Time read_date(std::string_view value);
std::string write_date(Time at);

std::string decode_base64(std::string_view text);  ///< passes over what does not belong
std::string decode_quoted(std::string_view text, bool underscore_is_blank = false);

}  // namespace qiao::email
