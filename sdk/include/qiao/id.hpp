#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "qiao/export.hpp"
#include "qiao/result.hpp"

namespace qiao {

/// A 64-bit identifier that the hub gives out: 41 bits of milliseconds, 10 bits of node, 12 bits of count, so that ids
/// of one node grow with time. Zero means "none". In JSON it is a decimal string, because JavaScript's numbers end at
/// 2^53.
struct Id {
  std::int64_t value = 0;

  [[nodiscard]] bool empty() const noexcept { return value == 0; }
  explicit operator bool() const noexcept { return value != 0; }
  auto operator<=>(const Id&) const = default;
  [[nodiscard]] std::string str() const { return std::to_string(value); }
};

QIAO_API Result<Id> parse_id(std::string_view text);

/// A new id, unique in this process and, with different node numbers, between nodes. Any thread.
QIAO_API Id new_id() noexcept;

}  // namespace qiao

template <>
struct std::hash<qiao::Id> {
  std::size_t operator()(const qiao::Id& id) const noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value) * 0x9E3779B97F4A7C15ull);
  }
};
