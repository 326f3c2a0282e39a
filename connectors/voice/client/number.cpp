#include "connectors/voice/client/number.hpp"

#include <algorithm>

namespace qiao::voice {
namespace {

constexpr std::size_t kShortest = 3;
constexpr std::size_t kShort = 6;  // up to here it is a service or an extension, which no country code belongs to
constexpr std::size_t kLongest = 15;

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string to_e164(std::string_view shown, std::string_view country) {
  std::string number;
  for (const char c : shown) {
    if ((c >= '0' && c <= '9') || (c == '+' && number.empty())) {
      number += c;
    } else if (c != ' ' && c != '-' && c != '(' && c != ')' && c != '.') {
      return {};  // a word: the number is withheld
    }
  }
  const bool full = number.starts_with('+');
  if (full) number.erase(0, 1);
  if (!all_digits(number) || number.size() < kShortest || number.size() > kLongest + 2) return {};
  if (full) return "+" + number;
  if (number.starts_with("00")) return number.size() > kShort + 2 ? "+" + number.substr(2) : number;
  if (number.size() <= kShort) return number;
  const bool china = country == "86";
  const auto mobile = [](std::string_view n) { return n.size() == 11 && n[0] == '1' && n[1] >= '3'; };
  if (china && mobile(number)) return "+86" + number;
  if (number.front() == '0') return "+" + std::string(country) + number.substr(1);  // of a call to another city
  if (number.starts_with(country) && number.size() >= country.size() + 9) return "+" + number;
  return "+" + std::string(country) + number;
}

std::string to_dial(const std::string& e164, std::string_view country, const std::string& prefix) {
  if (!e164.starts_with('+')) return prefix + e164;
  const std::string home = "+" + std::string(country);
  if (!e164.starts_with(home)) return prefix + "00" + e164.substr(1);
  std::string national = e164.substr(home.size());
  const bool mobile = country == "86" && national.size() == 11 && national[0] == '1';
  const bool service = country == "86" && national.size() == 10 && (national[0] == '4' || national[0] == '8');
  return prefix + (country != "86" || mobile || service ? national : "0" + national);
}

}  // namespace qiao::voice
