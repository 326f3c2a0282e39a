#pragma once

#include <cstdlib>
#include <string_view>
#include <vector>

#include "connectors/channel/incoming.hpp"
#include "qiao/json.hpp"

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));

namespace qiao::fuzz {

/// What a messenger's words are read into must be fit for the bus, for Memory and for people.
inline void check(const std::vector<channel::Incoming>& items) {
  for (const channel::Incoming& item : items) {
    const channel::Waiting waiting{item.message, item.media, item.claims, item.profile, 0};
    const std::string kept = to_json(waiting);
    const auto again = from_json<channel::Waiting>(kept);
    if (!again || to_json(*again) != kept) std::abort();
    const bool speaks = item.kind == channel::Incoming::Kind::message || item.kind == channel::Incoming::Kind::event;
    const contract::Content& content = item.message.content;
    if (speaks && content.text.empty() && item.media.empty() && content.cards.empty()) std::abort();
    if (speaks && item.message.external_id.empty()) std::abort();
    if (item.message.user.empty() && item.kind != channel::Incoming::Kind::receipt) std::abort();
    if (item.media.size() > 10 || content.cards.size() > 10) std::abort();
    for (const contract::Card& card : content.cards) {
      if (card.title.size() > 200 || card.text.size() > 1000) std::abort();
    }
  }
}

inline void seed(void (*add)(const char* data, std::size_t size), std::initializer_list<std::string_view> seeds) {
  for (const std::string_view text : seeds) add(text.data(), text.size());
}

}  // namespace qiao::fuzz
