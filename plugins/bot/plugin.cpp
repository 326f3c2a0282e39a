#include <algorithm>
#include <atomic>
#include <optional>

#include "plugins/bot/brain.hpp"
#include "plugins/bot/config.hpp"
#include "plugins/bot/knowledge_base.hpp"
#include "plugins/bot/live_answer.hpp"
#include "plugins/bot/routes.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/plugin.hpp"

namespace qiao::bot {

class BotPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("Answers customers from the knowledge base, or says that a person is needed");
    m.config<BotConfig>();
    m.serves<contract::AskBot>();
    m.asks<contract::StockBatchQuery>(true).asks<contract::ProductSearch>(true).asks<contract::OrderQuery>(true);
    m.asks<contract::GetContact>(true);
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<BotConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    threshold_ = config_.threshold;
    return {};
  }

  Result<void> start(Context& host) override {
    auto background = Background::read(host.share_dir() / "bot");
    if (!background) {
      host.log().warn("{}; the bot understands less without it", background.error().message);
      background = Background{};
    }
    knowledge_.emplace(host.store(), host.clock(), std::move(*background), [&host, this] {
      host.bus().post(
          {.kind = Lane::blocking, .capacity = 4, .concurrency = 1, .name = "learn", .budget = std::chrono::minutes(2)},
          [this] { knowledge_->learn(); }, Priority::background);
    });
    live_.emplace(host.bus(), host.clock());
    std::vector<std::filesystem::path> files;
    for (const std::string& file : config_.knowledge) files.push_back(host.share_dir() / file);
    if (files.empty() && host.demo()) files.push_back(host.share_dir() / "demo/knowledge.yaml");
    if (auto done = knowledge_->load(files); !done) return done;

    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      const std::string name(qiao_enum_of(static_cast<const contract::BotOutcome*>(nullptr))[i].name);
      outcomes_[i] = &host.metrics().counter("qiao_bot_questions_total", "Questions to the bot by what came of them",
                                             {{"outcome", name}});
    }
    host.bus().serve<contract::AskBot>(
        {.kind = Lane::partitioned, .name = "ask"},
        [this](const contract::AskBot& ask, const Headers&, Responder<contract::BotAnswer> respond) {
          answer(ask, [this, respond](contract::BotAnswer answer) {
            outcomes_[static_cast<std::size_t>(answer.outcome)]->add();
            respond(std::move(answer));
          });
        });
    add_routes(host.http(), *knowledge_, [this] { return settings(); });
    // The generation before this one may have taken an edit after `load`.
    host.bus().after(std::chrono::seconds(2), {.kind = Lane::blocking, .name = "refresh"}, [this, &host] {
      if (auto done = knowledge_->refresh(); !done)
        host.log().warn("the knowledge could not be read again: {}", done.error().message);
    });
    host.log().info("the bot knows {} entries", knowledge_->matcher()->entries().size());
    return {};
  }

  Result<void> reconfigure(const Section& section) override {
    auto bound = section.bind<BotConfig>();
    if (!bound) return bound.error();
    threshold_ = bound->threshold;
    return {};
  }

  void drain(Deadline) override {
    if (knowledge_) knowledge_->stop_learning();
  }

  void stop() noexcept override {
    live_.reset();
    knowledge_.reset();
  }

 private:
  void answer(const contract::AskBot& ask, LiveAnswers::Done done) {
    const auto matcher = knowledge_->matcher();
    contract::BotAnswer answer = Brain(*matcher, settings()).answer(ask);
    Live kind = Live::none;
    if (answer.outcome == contract::BotOutcome::answer) {
      const auto& entries = matcher->entries();
      const auto entry =
          std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.key == answer.entry; });
      kind = entry->live;
    }
    // What is said to "which product?" names one, unless it is clearly about something else.
    const bool unclear = answer.reason == "no_match" || answer.reason == "low_score" || answer.reason == "learned" ||
                         answer.reason == "similar";
    if (unclear && was_asked_for_product(ask)) kind = Live::stock;
    if (kind == Live::none) return done(std::move(answer));
    live_->answer(kind, ask, Brain::speaks_chinese(make_plain(ask.text), ask.language), std::move(answer),
                  std::move(done));
  }
  [[nodiscard]] BrainSettings settings() const { return {threshold_.load(std::memory_order_relaxed)}; }

  BotConfig config_;
  std::atomic<double> threshold_{0.45};
  std::optional<KnowledgeBase> knowledge_;
  std::optional<LiveAnswers> live_;
  std::array<Counter*, 3> outcomes_{};
};

}  // namespace qiao::bot

using qiao::bot::BotPlugin;
QIAO_PLUGIN(BotPlugin, "bot", "bot", "0.1.0")
