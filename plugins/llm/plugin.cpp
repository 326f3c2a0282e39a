#include <array>
#include <condition_variable>
#include <optional>

#include "plugins/bot/text.hpp"
#include "plugins/llm/grounding.hpp"
#include "plugins/llm/reading_order.hpp"
#include "qiao/plugin.hpp"

namespace qiao::llm {
namespace {

constexpr std::size_t kMostRead = 5;
constexpr Migration kMigrations[] = {{1, "tokens of each day", R"sql(
CREATE TABLE llm_usage (
  day BIGINT NOT NULL PRIMARY KEY,
  tokens BIGINT NOT NULL
)
)sql"}};

}  // namespace

class LlmPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("Lets a language model find an answer in the knowledge that the bot is not sure of");
    m.config<LlmConfig>();
    m.serves<contract::AskModel>();
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<LlmConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }

  Result<void> start(Context& host) override {
    if (auto done = host.store().migrate(kMigrations); !done) return done;
    OutboundSettings out;
    out.named = {host_and_port(config_.url)};
    out.connect_timeout = config_.connect_timeout;
    out.total_timeout = config_.timeout;
    out.connections = static_cast<std::size_t>(config_.parallel);
    out.ca_file = config_.ca_file;
    out.proxy = config_.proxy;
    out.max_body = 4U << 20U;
    http_.emplace(std::move(out));
    client_.emplace(
        config_, [this](const OutboundRequest& r) { return http_->send(r); }, host.clock(),
        [this](std::chrono::milliseconds pause) { return wait(pause); });
    order_.emplace(*client_);
    store_ = &host.store();
    log_ = &host.log();
    auto read = host.store().read([this](Session& db) -> Result<void> {
      const std::int64_t today = client_->budget().today();
      auto rows = db.query("SELECT tokens FROM llm_usage WHERE day = ?", today);
      if (rows->next()) client_->budget().resume(today, rows->integer(0));
      return rows->status();
    });
    if (!read) return read;
    constexpr const char* kOutcomes[] = {"answered", "refused", "failed"};
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      outcomes_[i] = &host.metrics().counter("qiao_llm_questions_total", "Questions to the language model by outcome",
                                             {{"outcome", kOutcomes[i]}});
    }
    tokens_ = &host.metrics().counter("qiao_llm_tokens_total", "Tokens that the language model's server counted");
    host.bus().serve<contract::AskModel>({.kind = Lane::blocking,
                                          .capacity = 64,
                                          .concurrency = static_cast<unsigned>(config_.parallel),
                                          .name = "model",
                                          .budget = std::chrono::seconds(70)},
                                         [this](const contract::AskModel& ask, const Headers&) { return answer(ask); });
    return {};
  }

  void drain(Deadline) override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stops_.notify_all();
    if (http_) http_->close();
  }

  void stop() noexcept override {
    order_.reset();
    client_.reset();
    http_.reset();
  }

 private:
  Result<contract::ModelAnswer> answer(contract::AskModel ask) {
    if (!config_.embedding_model.empty()) order_->arrange(personal_.removed(ask.text), ask.passages, kMostRead);
    if (ask.passages.size() > kMostRead) ask.passages.resize(kMostRead);
    auto reply = client_->chat(grounded_question(ask, config_.shop, personal_));
    contract::ModelAnswer out;
    if (!reply) {
      outcomes_[2]->add();
      const std::string& id = reply.error().id;
      out.reason = id.starts_with("llm.") ? id.substr(4) : "unavailable";
      // The circuit and the budget say so once, when they change, not for each question.
      if (out.reason != "circuit_open" && out.reason != "over_budget")
        log_->warn("the language model gave no answer: {}, conversation={}", reply.error().message,
                   ask.conversation.str());
      return out;
    }
    spent(reply->tokens);
    out = checked_answer(ask, reply->text);
    outcomes_[out.answered ? 0 : 1]->add();
    if (!out.answered) {
      log_->info("the language model's answer is not used, reason={} conversation={}", out.reason,
                 ask.conversation.str());
    } else if (config_.mark) {
      out.text += bot::make_plain(out.text).han ? "\n（以上由智能助手根据知识库生成）"
                                                : "\n(Written by an assistant program from our knowledge base.)";
    }
    return out;
  }

  void spent(std::int64_t tokens) {
    tokens_->add(static_cast<std::uint64_t>(tokens));
    const std::int64_t day = client_->budget().today();
    store_->write(
        1,
        [day, tokens](Session& db) -> Result<void> {
          auto changed = db.run("UPDATE llm_usage SET tokens = tokens + ? WHERE day = ?", tokens, day);
          if (!changed) return changed.error();
          if (*changed > 0) return {};
          auto added = db.run("INSERT INTO llm_usage (day, tokens) VALUES (?, ?)", day, tokens);
          if (!added) return added.error();
          return {};
        },
        [this](const Result<void>& done) {
          if (!done) log_->warn("the tokens of the day could not be counted: {}", done.error().message);
        },
        Priority::background);
    if (!client_->budget().left()) log_->warn("the language model's budget of today is used");
  }

  bool wait(std::chrono::milliseconds pause) {
    std::unique_lock lock(mutex_);
    return !stops_.wait_for(lock, pause, [this] { return stopping_; });
  }

  LlmConfig config_;
  const bot::PersonalData personal_;
  std::optional<OutboundClient> http_;
  std::optional<ModelClient> client_;
  std::optional<ReadingOrder> order_;
  Database* store_ = nullptr;
  Logger* log_ = nullptr;
  std::array<Counter*, 3> outcomes_{};
  Counter* tokens_ = nullptr;
  std::mutex mutex_;
  std::condition_variable stops_;
  bool stopping_ = false;
};

}  // namespace qiao::llm

using qiao::llm::LlmPlugin;
QIAO_PLUGIN(LlmPlugin, "llm", "service", "0.1.0")
