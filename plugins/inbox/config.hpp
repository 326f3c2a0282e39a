#pragma once

#include <chrono>
#include <string>

#include "qiao/config.hpp"

namespace qiao::inbox {

/// How long things are kept; 0: for ever.
struct RetentionConfig {
  std::chrono::hours resolved_conversations{0};
};

struct InboxConfig {
  std::string bot_name = "小桥";
  std::string default_group = "after-sales";
  std::chrono::milliseconds reopen_within = std::chrono::hours(24);
  std::chrono::milliseconds redelivery_after = std::chrono::seconds(30);
  std::chrono::milliseconds bot_deadline = std::chrono::seconds(5);
  Bytes max_text{8 * 1024};
  std::int32_t cached_conversations = 10'000;
  RetentionConfig retention;
};

inline void describe(Schema<RetentionConfig>& s) {
  using namespace std::chrono_literals;
  s.optional("resolved_conversations", &RetentionConfig::resolved_conversations)
      .range(0h, 87600h)
      .reloadable()
      .doc("Conversations that were resolved longer ago are removed at night, with their messages and files; 0: never");
  s.rule("resolved_conversations", [](const RetentionConfig& c) -> std::string {
    if (c.resolved_conversations == 0h || c.resolved_conversations >= 24h) return {};
    return "expected 0 (for ever) or at least 1d";
  });
}

inline void describe(Schema<InboxConfig>& s) {
  using namespace std::chrono_literals;
  s.optional("bot_name", &InboxConfig::bot_name)
      .max_length(60)
      .reloadable()
      .doc("What customers see as the bot's name");
  s.optional("default_group", &InboxConfig::default_group)
      .max_length(64)
      .reloadable()
      .doc("Key of the group that gets what routing says nothing about");
  s.optional("reopen_within", &InboxConfig::reopen_within)
      .range(0ms, 8760h)
      .reloadable()
      .doc("A customer who writes within this time of the end continues the same conversation; later a new one begins");
  s.optional("redelivery_after", &InboxConfig::redelivery_after)
      .range(1s, 1h)
      .reloadable()
      .doc("A message that its channel has not reported as sent is given to the channel again after this time");
  s.optional("bot_deadline", &InboxConfig::bot_deadline)
      .range(100ms, 60s)
      .reloadable()
      .doc("How long the bot may think before the customer gets a person");
  s.optional("max_text", &InboxConfig::max_text)
      .range(256_B, 8_KB)
      .reloadable()
      .doc("The longest text of a message; channels turn longer input into an attachment");
  s.optional("cached_conversations", &InboxConfig::cached_conversations)
      .range(100, 1'000'000)
      .doc("How many conversations stay in memory beside those in use; about 1.5 KB each");
  s.section("retention", &InboxConfig::retention).reloadable().doc("How long things are kept");
  s.rule("retention", [](const InboxConfig& c) -> std::string {
    const auto kept = c.retention.resolved_conversations;
    if (kept == 0h || kept > c.reopen_within) return {};
    return "resolved_conversations must be longer than reopen_within, in which a conversation may go on";
  });
}

}  // namespace qiao::inbox
