#pragma once

#include <cstdint>

namespace qiao::bot {

/// How a Chinese character sounds, without tones and without the differences that typing and dialects blur (zh and z, n
/// and l, -ng and -n), as a number; 0 for what is no Chinese character. Any thread.
std::uint32_t syllable_of(char32_t c);

}  // namespace qiao::bot
