#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/bot/text.hpp"
#include "qiao/id.hpp"
#include "qiao/time.hpp"

namespace qiao::bot {

/// How alike two texts are, from 0 to 1: the cosine of their features.
[[nodiscard]] double likeness(const std::vector<Feature>& a, const std::vector<Feature>& b);

/// A question that the bot could not answer.
struct OpenQuestion {
  Id id;
  Id conversation;
  std::string text;
  Time at;
};

struct Topic {
  std::string name;                    ///< its commonest words: "粉底 色号"
  std::vector<std::size_t> questions;  ///< places in the list, newest first
};

/// Groups questions by what they are about, the largest group first. Words are found with the dictionary of ICU. A few
/// thousand questions take well under a second. `questions` newest first.
[[nodiscard]] std::vector<Topic> topics_of(const std::vector<OpenQuestion>& questions);

}  // namespace qiao::bot
