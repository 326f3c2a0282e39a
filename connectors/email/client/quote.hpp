#pragma once

#include <string>
#include <string_view>

namespace qiao::email {

struct Reply {
  std::string text;  ///< what the sender wrote now
  bool cut = false;  ///< something was left out: what is answered, or a signature
};

/// Takes the new text out of a reply: cuts at the line that mail programs in Chinese, English, German and French put
/// above what is answered, at our own marker, or where a run of > lines reaches the end; then at the signature. When
/// nothing would be left, or the answers stand between the quoted lines, the whole stays.
Reply new_text(std::string_view text);

/// A subject without the Re:, 回复： and their like in front of it.
std::string_view base_subject(std::string_view subject);

}  // namespace qiao::email
