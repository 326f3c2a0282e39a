#pragma once

#include "plugins/bot/learning_config.hpp"

namespace qiao::bot {

struct BotConfig {
  std::vector<std::string> knowledge;
  double threshold = 0.3;
  std::chrono::milliseconds model_deadline{4000};
  LearningConfig learning;
};

inline void describe(Schema<BotConfig>& s) {
  s.optional("knowledge", &BotConfig::knowledge)
      .max_items(50)
      .doc(
          "YAML files of knowledge, each read once, at the first start that names it; relative ones stand in the share "
          "folder. "
          "A demo reads demo/knowledge.yaml by itself");
  s.optional("threshold", &BotConfig::threshold)
      .range(0.05, 1.0)
      .reloadable()
      .doc("How sure the bot must be to answer, from 0 to 1; below it a person is asked");
  s.optional("model_deadline", &BotConfig::model_deadline)
      .range(std::chrono::milliseconds(100), std::chrono::minutes(1))
      .doc(
          "How long a language model (plugin llm), where one is enabled, may think about what the bot does not know; "
          "below inbox.bot_deadline");
  s.section("learning", &BotConfig::learning).reloadable().doc("What the bot learns from agents' answers");
}

}  // namespace qiao::bot
