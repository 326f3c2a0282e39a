// Writes syllable_table.inc while the project is built: how each Chinese character sounds. ICU's rules for it take
// megabytes and a tenth of a second to load, which a hub would pay at each start; the table is 42 KB of the plugin.
#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr char32_t kFirstHan = 0x4E00;
constexpr char32_t kLastHan = 0x9FFF;

/// Without tones, and without the differences that typing and dialects blur.
std::uint32_t blurred(std::string sound) {
  for (const auto& [from, to] : {std::pair{"zh", "z"}, {"ch", "c"}, {"sh", "s"}, {"ng", "n"}}) {
    if (const std::size_t at = sound.find(from); at != std::string::npos) sound.replace(at, 2, to);
  }
  if (!sound.empty() && sound[0] == 'l') sound[0] = 'n';
  std::uint32_t h = 0x811c9dc5U;
  for (const char letter : sound) h = (h ^ static_cast<unsigned char>(letter)) * 0x01000193U;
  return h | 1U;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::Transliterator> latin(
      icu::Transliterator::createInstance("Han-Latin; Latin-ASCII; Lower", UTRANS_FORWARD, status));
  if (U_FAILURE(status)) return 1;
  std::vector<std::uint32_t> sounds;
  std::vector<std::size_t> of;
  for (char32_t c = kFirstHan; c <= kLastHan; ++c) {
    icu::UnicodeString text(static_cast<UChar32>(c));
    latin->transliterate(text);
    std::string sound;
    const std::uint32_t value = blurred(text.toUTF8String(sound));
    const auto known = std::find(sounds.begin(), sounds.end(), value);
    of.push_back(static_cast<std::size_t>(known - sounds.begin()));
    if (known == sounds.end()) sounds.push_back(value);
  }
  std::ofstream out(argv[1]);
  out << "constexpr std::uint32_t kSounds[] = {";
  for (const std::uint32_t value : sounds) out << value << "U,";
  out << "};\nconstexpr std::uint16_t kSoundOf[] = {";
  for (const std::size_t index : of) out << index << ',';
  out << "};\n";
  return out.flush() ? 0 : 1;
}
