#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "qiao/fields.hpp"

/// Structs that use every kind of field, for the codec and JSON targets.
namespace qiao::fuzz {

enum class Color { red, green, blue };
QIAO_ENUM(Color, red, green, blue)

struct Leaf {
  std::string text;
  std::int32_t small = 0;
  std::uint8_t tiny = 0;
};
QIAO_FIELDS(Leaf, text, small, tiny)

struct Sample {
  bool flag = false;
  std::int64_t number = 0;
  std::uint64_t natural = 0;
  double real = 0;
  std::string text;
  Id id;
  Time at{};
  std::chrono::milliseconds wait{0};
  Color color = Color::red;
  std::optional<std::string> maybe;
  std::optional<Leaf> leaf;
  std::vector<Leaf> leaves;
  std::vector<std::vector<std::string>> nested;
  std::map<std::string, Leaf> named;
};
QIAO_FIELDS(Sample, flag, number, natural, real, text, id, at, wait, color, maybe, leaf, leaves, nested, named)

inline Sample full_sample() {
  Sample s;
  s.flag = true;
  s.number = -5'000'000'000;
  s.natural = 18'000'000'000'000'000'000ull;
  s.real = 3.25;
  s.text = "Where is my order? 我的订单在哪里";
  s.id = Id{7234567890123456789};
  s.at = from_micros(1'790'000'000'123'456);
  s.wait = std::chrono::milliseconds(300);
  s.color = Color::blue;
  s.maybe = "";
  s.leaf = Leaf{"leaf", -7, 200};
  s.leaves = {{"a", 1, 2}, {std::string(300, 'x'), -1, 255}};
  s.nested = {{"x", "y"}, {}, {"z"}};
  s.named = {{"k", {"v", 1, 1}}, {"", {}}};
  return s;
}

}  // namespace qiao::fuzz
