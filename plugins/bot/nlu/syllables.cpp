#include "plugins/bot/nlu/syllables.hpp"

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace qiao::bot {
namespace {

constexpr char32_t kFirstHan = 0x4E00;
constexpr char32_t kLastHan = 0x9FFF;

/// Found once for each character.
class Syllables {
 public:
  std::uint32_t of(char32_t c) {
    if (c < kFirstHan || c > kLastHan) return 0;
    std::atomic<std::uint32_t>& known = table_[c - kFirstHan];
    std::uint32_t value = known.load(std::memory_order_relaxed);
    if (value == 0) {
      value = find(c);
      known.store(value, std::memory_order_relaxed);
    }
    return value;
  }

 private:
  std::uint32_t find(char32_t c) {
    std::string sound;
    {
      const std::lock_guard lock(mutex_);
      if (!translit_) {
        UErrorCode status = U_ZERO_ERROR;
        translit_.reset(icu::Transliterator::createInstance("Han-Latin; Latin-ASCII; Lower", UTRANS_FORWARD, status));
        if (U_FAILURE(status)) return 1;
      }
      icu::UnicodeString text(static_cast<UChar32>(c));
      translit_->transliterate(text);
      text.toUTF8String(sound);
    }
    for (const auto& [from, to] : {std::pair{"zh", "z"}, {"ch", "c"}, {"sh", "s"}, {"ng", "n"}}) {
      if (const std::size_t at = sound.find(from); at != std::string::npos) sound.replace(at, 2, to);
    }
    if (!sound.empty() && sound[0] == 'l') sound[0] = 'n';
    std::uint32_t h = 0x811c9dc5U;
    for (const char letter : sound) h = (h ^ static_cast<unsigned char>(letter)) * 0x01000193U;
    return h | 1U;
  }
  std::array<std::atomic<std::uint32_t>, kLastHan - kFirstHan + 1> table_{};
  std::mutex mutex_;
  std::unique_ptr<icu::Transliterator> translit_;
};

Syllables& syllables() {
  static Syllables& table = *new Syllables;  // never destroyed: threads may still ask
  return table;
}

}  // namespace

std::uint32_t syllable_of(char32_t c) { return syllables().of(c); }

}  // namespace qiao::bot
