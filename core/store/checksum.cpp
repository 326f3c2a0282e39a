// Its own file: the store and the part of it that speaks to MySQL servers both contain it.
#include <fmt/format.h>

#include "core/store/migrations.hpp"

namespace qiao::core {

std::string checksum_of(const Migration& step) {
  std::uint64_t hash = 0xcbf29ce484222325ull;  // FNV-1a
  for (const std::string_view part : {step.sql, std::string_view("\0", 1), step.mysql}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace qiao::core
