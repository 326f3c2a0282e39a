#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/result.hpp"

namespace qiao::channel {

/// One element: its text (CDATA and character data put together) and its children. Attributes are dropped.
struct XmlElement {
  std::string name;
  std::string text;
  std::vector<XmlElement> children;
  /// The first child of that name; an empty element when there is none.
  [[nodiscard]] const XmlElement& operator[](std::string_view child) const;
  [[nodiscard]] bool has(std::string_view child) const;
};

/// Reads a small document from a stranger: no DTD, no entities but the five, at most 16 levels, 2,000 elements, 1 MiB.
/// Errors: `channel.xml`.
Result<XmlElement> read_xml(std::string_view document);

/// Text as a CDATA section that cannot be broken out of.
std::string cdata(std::string_view text);

}  // namespace qiao::channel
