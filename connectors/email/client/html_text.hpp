#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qiao::email {

struct HtmlText {
  std::string text;                   ///< without what is quoted
  std::string whole;                  ///< with it
  std::vector<std::string> pictures;  ///< Content-IDs that the new part shows, in their order
};

/// What a reader of an HTML mail sees, as text: paragraphs, lists, tables by lines, links with their addresses, a
/// placeholder for pictures. What mail programs mark as quoted is left out of `text`. Linear in the input.
HtmlText read_html(std::string_view html);

}  // namespace qiao::email
