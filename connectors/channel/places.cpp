#include "connectors/channel/places.hpp"

#include <fmt/format.h>

namespace qiao::channel {

namespace {

/// Ids of conversations grow with time, and numbers count in each of them: names are in the order of writing.
std::string name_of(const std::string& user, Id conversation, std::int64_t seq) {
  return fmt::format("user:{}:place:{:020}:{:010}", user, conversation.value, seq);
}

}  // namespace

Result<void> Places::put(const std::string& user, const contract::Accepted& accepted, const std::string& place) {
  return memory_.put(name_of(user, accepted.conversation, accepted.seq), place, kLife);
}

Result<std::optional<std::string>> Places::of(const Part& answer) {
  auto known = memory_.list("user:" + answer.user + ":place:");
  if (!known) return known.error();
  const std::string first = name_of(answer.user, answer.conversation, 0);
  const std::string end = name_of(answer.user, answer.conversation, answer.seq);
  std::optional<std::string> last, best;
  for (const auto& [name, place] : *known) {
    last = place;
    if (name >= first && name < end) best = place;
  }
  return best ? best : last;
}

}  // namespace qiao::channel
