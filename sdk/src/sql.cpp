#include "qiao/sql.hpp"

namespace qiao {

std::string placeholders(std::size_t count) {
  if (count == 0) return "NULL";
  std::string list = "?";
  for (std::size_t i = 1; i < count; ++i) list += ", ?";
  return list;
}

}  // namespace qiao
