#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qiao::email {

/// What the hub itself writes into a mail's text for agents, in the language of the mail.
class Wording {
 public:
  explicit Wording(bool chinese) : chinese_(chinese) {}
  /// Chinese when the setting says so, else when the mail has Chinese characters.
  static Wording of(std::string_view language, std::string_view sample);

  [[nodiscard]] std::string subject(std::string_view subject) const;
  [[nodiscard]] std::string automatic(std::string_view subject) const;
  [[nodiscard]] std::string too_many() const;
  [[nodiscard]] std::string no_text() const;
  [[nodiscard]] std::string shortened(bool original_kept) const;
  [[nodiscard]] std::string too_large(std::uint64_t bytes) const;
  [[nodiscard]] std::string file_not_kept(std::string_view name, std::string_view why) const;
  [[nodiscard]] std::string other_sender(std::string_view address) const;
  [[nodiscard]] std::string others_thread() const;
  [[nodiscard]] std::string undelivered(std::string_view says) const;
  [[nodiscard]] std::string complaint() const;

 private:
  bool chinese_;
};

}  // namespace qiao::email
