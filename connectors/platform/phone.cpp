#include "connectors/platform/phone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace qiao::platform {

std::string digits(std::string_view text) {
  std::string found;
  for (const char c : text) {
    if (c >= '0' && c <= '9') found += c;
  }
  return found;
}

std::string national(std::string_view phone, std::string_view country) {
  std::string number = digits(phone);
  if (number.starts_with("00")) number.erase(0, 2);
  // Short numbers may begin with the same digits as the country; those are no codes.
  if (!country.empty() && number.starts_with(country) && number.size() >= country.size() + 8) {
    number.erase(0, country.size());
  }
  if (number.size() > 8 && number.front() == '0') number.erase(0, 1);  // of a long-distance call: 021…
  return number;
}

bool same_phone(std::string_view a, std::string_view b, std::string_view country) {
  const std::string left = national(a, country);
  return left.size() >= 6 && left == national(b, country);
}

std::vector<std::string> phone_spellings(std::string_view phone, std::string_view country) {
  const std::string n = national(phone, country);
  std::vector<std::string> list{n, fmt::format("+{}{}", country, n), fmt::format("{}{}", country, n),
                                fmt::format("+{} {}", country, n)};
  if (n.size() == 11) {
    const std::string a = n.substr(0, 3), b = n.substr(3, 4), c = n.substr(7);
    list.push_back(fmt::format("{} {} {}", a, b, c));
    list.push_back(fmt::format("{}-{}-{}", a, b, c));
    list.push_back(fmt::format("+{} {}-{}-{}", country, a, b, c));
    list.push_back(fmt::format("+{} {} {} {}", country, a, b, c));
    list.push_back(fmt::format("({}) {} {} {}", country, a, b, c));
  }
  return list;
}

bool same_email(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return !a.empty() &&
         std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::int64_t record_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc{} && end == text.data() + text.size() && number > 0 ? number : 0;
}

std::string phone_tail(std::string_view phone) {
  std::string number = digits(phone);
  if (number.size() > 8) number.erase(0, number.size() - 8);
  return number;
}

std::string phone_like(std::string_view phone) {
  std::string pattern;
  for (const char c : phone_tail(phone)) {
    if (!pattern.empty()) pattern += '%';
    pattern += c;
  }
  return pattern;
}

}  // namespace qiao::platform
