#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace qiao::bot {

/// Takes out of a text what tells who somebody is: e-mail addresses, phone, identity card, bank card and order numbers,
/// postal addresses, names. Each becomes a word in brackets, in the language of the text. Addresses of web pages stay
/// as they are; short numbers (prices, quantities, article numbers) too. In doubt it takes out too much. Any thread.
class PersonalData {
 public:
  PersonalData();
  ~PersonalData();
  PersonalData(PersonalData&&) noexcept;
  PersonalData& operator=(PersonalData&&) noexcept;

  /// `names` are those of the people who take part, wherever they stand.
  [[nodiscard]] std::string removed(std::string_view text, std::span<const std::string> names = {}) const;

 private:
  struct Patterns;
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace qiao::bot
