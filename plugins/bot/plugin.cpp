#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>

#include "plugins/bot/brain.hpp"
#include "plugins/bot/config.hpp"
#include "plugins/bot/dialogue.hpp"
#include "plugins/bot/intent_names.hpp"
#include "plugins/bot/knowledge_base.hpp"
#include "plugins/bot/learning.hpp"
#include "plugins/bot/learning_routes.hpp"
#include "plugins/bot/live_answer.hpp"
#include "plugins/bot/rollout.hpp"
#include "plugins/bot/routes.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/contract/intents.hpp"
#include "qiao/plugin.hpp"

namespace qiao::bot {

class BotPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("Answers customers from the knowledge base, or says that a person is needed");
    m.config<BotConfig>();
    m.serves<contract::AskBot>().serves<contract::NameIntents>();
    m.asks<contract::StockBatchQuery>(true).asks<contract::ProductSearch>(true).asks<contract::OrderQuery>(true);
    m.asks<contract::GetContact>(true).asks<contract::AskModel>(true);
    m.subscribes<contract::MessageStored>();
    m.serves<contract::ExportPerson>().serves<contract::ErasePerson>();
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<BotConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    threshold_ = config_.threshold;
    learning_settings_.set(config_.learning);
    return {};
  }

  Result<void> start(Context& host) override {
    // Read beside the start: it takes longer than the rest of the hub.
    auto background = [&host] {
      auto read = Background::read(host.share_dir() / "bot");
      if (read) return std::move(*read);
      host.log().warn("{}; the bot understands less without it", read.error().message);
      return Background{};
    };
    knowledge_.emplace(host.store(), host.audit(), host.clock(), std::move(background), [&host, this] {
      watch_validity(host);
      host.bus().post(
          {.kind = Lane::blocking, .capacity = 4, .concurrency = 1, .name = "learn", .budget = std::chrono::minutes(2)},
          [this] { knowledge_->learn(); }, Priority::background);
    });
    bus_ = &host.bus();
    model_deadline_ = config_.model_deadline;
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
    host.bus().serve<contract::NameIntents>({}, [this](const contract::NameIntents& q, const Headers&) {
      const auto entries = knowledge_->entries();
      contract::IntentNames known;
      for (const std::string& intent : q.intents) {
        std::string name = name_of_intent(*entries, intent, q.language.empty() || q.language.starts_with("zh"));
        if (!name.empty()) known.names[intent] = std::move(name);
      }
      return known;
    });
    host.bus().serve<contract::AskBot>(
        {.kind = Lane::partitioned, .name = "ask"},
        [this](const contract::AskBot& ask, const Headers&, Responder<contract::BotAnswer> respond) {
          const auto view = rollouts_->view(ask.contact);
          answer(ask, view, [this, ask, view, respond](contract::BotAnswer answer) {
            rollouts_->count(*view, answer);
            if (view->is_tried(answer)) ask_whether_right(ask, answer);
            outcomes_[static_cast<std::size_t>(answer.outcome)]->add();
            if (answer.outcome == contract::BotOutcome::decline) learning_->could_not_answer(ask, answer);
            if (thumb_in(ask.text) != Thumb::none && !answer.entry.empty())
              learning_->rated(answer.entry, thumb_in(ask.text) == Thumb::up);
            respond(std::move(answer));
          });
        });
    add_routes(host.http(), *knowledge_, [this] { return settings(); });
    rollouts_.emplace(host.store(), host.clock(), host.log(), *knowledge_);
    if (auto done = rollouts_->load(); !done) return done;
    start_learning(host);
    // The generation before this one may have taken an edit after `load`.
    host.bus().after(std::chrono::seconds(2), {.kind = Lane::blocking, .name = "refresh"}, [this, &host] {
      if (auto done = knowledge_->refresh(); !done)
        host.log().warn("the knowledge could not be read again: {}", done.error().message);
      if (auto done = rollouts_->load(); !done)
        host.log().warn("the rollouts could not be read again: {}", done.error().message);
    });
    host.log().info("the bot knows {} entries", knowledge_->matcher()->entries().size());
    return {};
  }

  Result<void> reconfigure(const Section& section) override {
    auto bound = section.bind<BotConfig>();
    if (!bound) return bound.error();
    threshold_ = bound->threshold;
    learning_settings_.set(bound->learning);
    return {};
  }

  void drain(Deadline) override {
    if (knowledge_) knowledge_->stop_learning();
  }

  void stop() noexcept override {
    live_.reset();
    learning_.reset();
    rollouts_.reset();
    knowledge_.reset();
  }

 private:
  void start_learning(Context& host) {
    learning_.emplace(host.store(), host.vault(), host.clock(), host.log(), *knowledge_,
                      [this] { return learning_settings_.get(); });
    add_learning_routes(host.http(), *learning_, *rollouts_, *knowledge_, host.clock());
    const Lane lane{.kind = Lane::blocking, .concurrency = 1, .name = "agents"};
    host.bus().subscribe<contract::MessageStored>(
        {.kind = Lane::direct}, [this, lane, &host](const contract::MessageStored& stored, const Headers&) {
          if (stored.message.author != contract::Author::agent || stored.message.note) return;
          // Behind everything that a customer waits for; what is lost to a full queue is asked again some day.
          host.bus().post(
              lane,
              [this, stored, &host] {
                if (auto done = learning_->agent_wrote(stored); !done)
                  host.log().warn("nothing was learned from an answer: {}, conversation={}", done.error().message,
                                  stored.message.conversation.str());
              },
              Priority::background);
        });
    const Lane people{.kind = Lane::blocking, .concurrency = 1, .name = "people"};
    host.bus().serve<contract::ExportPerson>(
        people, [this](const contract::ExportPerson& q, const Headers&) { return learning_->export_person(q.person); });
    host.bus().serve<contract::ErasePerson>(
        people, [this](const contract::ErasePerson& q, const Headers&) { return learning_->erase_person(q.person); });
    host.bus().every(std::chrono::hours(24), people, [this, &host] {
      if (auto done = learning_->forget_old(); !done)
        host.log().warn("old questions could not be removed: {}", done.error().message);
    });
  }
  void answer(const contract::AskBot& ask, const std::shared_ptr<View>& view, LiveAnswers::Done done) {
    if (!view->bot()) {
      contract::BotAnswer nobody;
      nobody.reason = "not_live";
      return done(std::move(nobody));
    }
    const auto matcher = knowledge_->matcher();
    const BrainSettings mine{view->threshold(threshold_.load(std::memory_order_relaxed)),
                             [view](const KnowledgeEntry& e, bool meant) { return view->version(e, meant); }};
    contract::BotAnswer answer = Brain(*matcher, mine).answer(ask);
    Live kind = Live::none;
    if (answer.outcome == contract::BotOutcome::answer) {
      if (const KnowledgeEntry* entry = matcher->find(answer.entry)) kind = entry->live;
    }
    // What is said to "which product?" names one, unless it is clearly about something else.
    const bool unclear = answer.reason == "no_match" || answer.reason == "low_score" || answer.reason == "learned" ||
                         answer.reason == "similar" || answer.reason == "clarify";
    if (unclear && was_asked_for_product(ask)) kind = Live::stock;
    if (was_asked_for_order(ask) && answer.outcome != contract::BotOutcome::handoff && answer.reason != "complaint") {
      const OrderSlots slots = order_slots(ask);
      const bool given = !slots.number.empty() || !slots.phone.empty();
      if (given) kind = Live::order;
      if (given) answer = order_entry(*matcher);
    }
    const bool unknown = answer.reason == "no_match" || answer.reason == "low_score";
    if (kind == Live::none && unknown) return ask_second(*matcher, *view, ask, std::move(answer), std::move(done));
    if (kind == Live::none) return done(std::move(answer));
    live_->answer(kind, ask, Brain::speaks_chinese(make_plain(ask.text), ask.language), std::move(answer),
                  std::move(done));
  }
  /// Below an answer that not everybody has yet.
  static void ask_whether_right(const contract::AskBot& ask, contract::BotAnswer& answer) {
    const bool from_entry = answer.outcome == contract::BotOutcome::answer && !answer.entry.empty();
    if (!from_entry || answer.reason == "helped" || answer.content.text.empty()) return;
    const bool chinese = Brain::speaks_chinese(make_plain(ask.text), ask.language);
    answer.content.buttons.push_back({chinese ? "👍 有帮助" : "👍 That was right", "👍", {}});
    answer.content.buttons.push_back({chinese ? "👎 没帮助" : "👎 It was not", "👎", {}});
  }
  /// Somebody who reads the nearest entries may find the answer in them; whatever goes wrong, it is left to a person as
  /// before.
  void ask_second(const Matcher& matcher, View& view, const contract::AskBot& ask, contract::BotAnswer declined,
                  LiveAnswers::Done done) {
    constexpr std::size_t kMostPassages = 8;
    if (bus_->servers<contract::AskModel>().empty()) return done(std::move(declined));
    const Plain text = make_plain(ask.text);
    const bool chinese = Brain::speaks_chinese(text, ask.language);
    contract::AskModel question{ask.conversation, ask.language, ask.text, ask.recent, {}};
    for (const Match& match : matcher.best(text, ask.site, 2 * kMostPassages)) {
      const KnowledgeEntry* entry = view.version(*match.entry, false);
      if (entry == nullptr || entry->small_talk || entry->handoff) continue;
      std::string answer = content_of(*entry, chinese, ask.channel, ask.site).text;
      if (answer.empty()) continue;
      question.passages.push_back({entry->key, entry->questions.front(), std::move(answer)});
      if (question.passages.size() == kMostPassages) break;
    }
    if (question.passages.empty()) return done(std::move(declined));
    bus_->request(std::move(question), RequestOptions(model_deadline_),
                  [declined = std::move(declined), done = std::move(done),
                   knowledge = knowledge_->matcher()](const Result<contract::ModelAnswer>& answer) mutable {
                    if (!answer || !answer->answered) return done(std::move(declined));
                    declined.outcome = contract::BotOutcome::answer;
                    declined.reason = "model";
                    declined.content = {};
                    declined.content.text = answer->text;
                    declined.entry = answer->entry;
                    for (const KnowledgeEntry& entry : knowledge->entries()) {
                      if (entry.key != answer->entry) continue;
                      declined.intent = entry.intent.empty() ? entry.key : entry.intent;
                      declined.group = entry.group;
                    }
                    done(std::move(declined));
                  });
  }
  /// What belongs to the answer about an order, whatever a number by itself may mean.
  static contract::BotAnswer order_entry(const Matcher& matcher) {
    contract::BotAnswer answer;
    for (const KnowledgeEntry& entry : matcher.entries()) {
      if (entry.live != Live::order) continue;
      answer.entry = entry.key;
      answer.intent = entry.intent.empty() ? entry.key : entry.intent;
      answer.group = entry.group;
      break;
    }
    answer.outcome = contract::BotOutcome::answer;
    return answer;
  }
  /// Entries begin and end by themselves.
  void watch_validity(Context& host) {
    const auto edge = knowledge_->next_edge();
    if (!edge) return;
    {
      const std::lock_guard lock(watched_mutex_);
      if (watched_ == *edge) return;
      watched_ = *edge;
    }
    const Duration wait =
        std::clamp<Duration>(*edge - host.clock().now(), std::chrono::milliseconds(1), std::chrono::hours(24));
    host.bus().after(wait, {.kind = Lane::blocking, .name = "validity"}, [this, &host] {
      {
        const std::lock_guard lock(watched_mutex_);
        watched_ = Time{};
      }
      if (auto done = knowledge_->refresh(); !done)
        host.log().warn("the knowledge could not be read again: {}", done.error().message);
    });
  }
  [[nodiscard]] BrainSettings settings() const { return {threshold_.load(std::memory_order_relaxed)}; }

  BotConfig config_;
  std::atomic<double> threshold_{0.45};
  Bus* bus_ = nullptr;
  std::chrono::milliseconds model_deadline_{};
  LearningSettings learning_settings_;
  std::optional<KnowledgeBase> knowledge_;
  std::optional<Rollouts> rollouts_;
  std::optional<Learning> learning_;
  std::optional<LiveAnswers> live_;
  std::array<Counter*, 3> outcomes_{};
  std::mutex watched_mutex_;
  Time watched_;  ///< when entries begin or end next; guarded by watched_mutex_
};

}  // namespace qiao::bot

using qiao::bot::BotPlugin;
QIAO_PLUGIN(BotPlugin, "bot", "bot", "0.1.0")
