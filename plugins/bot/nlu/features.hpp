#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "plugins/bot/nlu/lexicon.hpp"

namespace qiao::bot {

inline constexpr std::uint32_t kFeatureSpace = 1U << 18U;

/// The kinds of features; each is weighed and brought to the same length by itself, so that none drowns the others.
enum class FeatureKind : std::uint8_t {
  unit,      ///< English stems, Chinese characters
  form,      ///< words of Latin letters as they are, pairs of Chinese characters
  pair,      ///< neighbouring stems; syllables
  skip,      ///< stems with one or two others between them; pairs of syllables
  letters,   ///< two to five letters of a word
  concept_,  ///< concepts of the lexicon
  meaning,   ///< pairs of concepts, in no order
};
inline constexpr std::size_t kFeatureKinds = 7;

/// Hashes of everything that a text shows, by kind; with repetitions.
using FeatureBag = std::array<std::vector<std::uint32_t>, kFeatureKinds>;

FeatureBag feature_bag(const Plain& plain, const Lexicon& lexicon);

}  // namespace qiao::bot
