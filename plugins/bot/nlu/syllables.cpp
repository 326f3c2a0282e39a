#include "plugins/bot/nlu/syllables.hpp"

#include <cstddef>
#include <iterator>

namespace qiao::bot {
namespace {

#include "syllable_table.inc"  // made by syllable_table.cpp

constexpr char32_t kFirstHan = 0x4E00;

}  // namespace

std::uint32_t syllable_of(char32_t c) {
  const auto at = static_cast<std::size_t>(c - kFirstHan);
  return c < kFirstHan || at >= std::size(kSoundOf) ? 0 : kSounds[kSoundOf[at]];
}

}  // namespace qiao::bot
