#pragma once

#include <string>
#include <string_view>

#include "qiao/export.hpp"

namespace qiao {

/// Text that HTML and XML show as it is, also inside quotes: & < > and " become entities, and each line end becomes
/// `line_break`, for HTML that shall keep its lines ("<br>"). Control characters, which XML does not know, stay.
QIAO_API std::string escape_markup(std::string_view text, std::string_view line_break = "\n");

}  // namespace qiao
