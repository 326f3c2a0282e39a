// Frequently asked questions from the configuration; hands over to a person when asked to, or when it does not know.
#include <algorithm>

#include "qiao/contract/bot.hpp"
#include "qiao/plugin.hpp"

namespace qiao::samples {

struct Question {
  std::vector<std::string> words;
  std::string answer;
  std::vector<std::string> buttons;
};
void describe(Schema<Question>& s) {
  s.required("words", &Question::words)
      .doc("The customer's text must hold all of them; the case of a–z does not count");
  s.required("answer", &Question::answer).max_length(8192).doc("What the customer reads");
  s.optional("buttons", &Question::buttons).max_items(5).doc("Choices below the answer; pressing one sends its text");
}

struct Config {
  std::vector<Question> questions;
  std::vector<std::string> person{"agent", "human", "人工"};
  std::string group;
};
void describe(Schema<Config>& s) {
  s.optional("questions", &Config::questions).reloadable().doc("What the bot knows");
  s.optional("person", &Config::person).reloadable().doc("Words by which a customer asks for a person");
  s.optional("group", &Config::group).reloadable().doc("Key of the group that gets what the bot does not know");
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// The answers and nothing else: could be tested without a hub.
contract::BotAnswer answer_from(const Config& config, const std::string& customer_text) {
  const std::string text = lower(customer_text);
  const auto stands_in_text = [&](const std::string& word) { return text.find(lower(word)) != std::string::npos; };
  contract::BotAnswer answer;
  answer.group = config.group;
  if (std::any_of(config.person.begin(), config.person.end(), stands_in_text)) {
    answer.outcome = contract::BotOutcome::handoff;
    answer.reason = "asked";
    return answer;
  }
  const Question* best = nullptr;  // the one with the most words says most
  for (const Question& q : config.questions) {
    if (!std::all_of(q.words.begin(), q.words.end(), stands_in_text)) continue;
    if (!best || q.words.size() > best->words.size()) best = &q;
  }
  if (!best) {
    answer.outcome = contract::BotOutcome::decline;
    answer.reason = "no_match";
    return answer;
  }
  answer.outcome = contract::BotOutcome::answer;
  answer.content.text = best->answer;
  for (const std::string& label : best->buttons) answer.content.buttons.push_back({label, label, {}});
  answer.score = 1;
  return answer;
}

class BotPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.config<Config>().serves<contract::AskBot>().summary("Answers frequently asked questions");
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    config_ = *bound;
    return {};
  }

  Result<void> start(Context& host) override {
    host_ = &host;
    host.bus().serve<contract::AskBot>(
        [this](const contract::AskBot& q, const Headers&) -> Result<contract::BotAnswer> {
          return answer_from(config_, q.text);
        });
    return {};
  }

  // Runs on the controller while the lane answers: the lane itself takes up the change, between two questions.
  Result<void> reconfigure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    if (!host_->bus().post({}, [this, config = std::move(*bound)] { config_ = config; })) {
      return Error{Errc::overloaded, "the bot's queue is full; reload again in a moment"};
    }
    return {};
  }

  void stop() noexcept override {}

 private:
  Config config_;
  Context* host_ = nullptr;
};

}  // namespace qiao::samples

QIAO_PLUGIN(qiao::samples::BotPlugin, "sample-bot", "bot", "1.0.0")
