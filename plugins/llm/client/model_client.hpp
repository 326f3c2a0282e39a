#pragma once

#include <functional>

#include "connectors/platform/http_answer.hpp"
#include "plugins/llm/client/chat_api.hpp"
#include "plugins/llm/client/guard.hpp"

namespace qiao::llm {

/// Asks the server: within its time, again when a failure may pass, and not at all when it fails too often or the day's
/// budget is used. Blocking; any thread.
class ModelClient {
 public:
  /// Waits between two tries; false when there is no point in going on, because the plugin stops.
  using Wait = std::function<bool(std::chrono::milliseconds)>;

  ModelClient(const LlmConfig& config, platform::Transport transport, const Clock& clock, Wait wait);

  /// Errors: those of `read_chat` and of the transport; `llm.circuit_open`, `llm.over_budget`.
  Result<ChatReply> chat(const std::vector<ChatTurn>& turns);
  Result<std::vector<std::vector<float>>> embed(const std::vector<std::string>& texts);
  [[nodiscard]] Budget& budget() noexcept { return budget_; }
  [[nodiscard]] bool resting() const { return breaker_.open(); }

 private:
  template <class T>
  Result<T> with_retries(const std::string& path, const std::string& body,
                         const std::function<Result<T>(std::string_view)>& read);
  [[nodiscard]] OutboundRequest request(const std::string& path, const std::string& body, SteadyTime until) const;

  const LlmConfig config_;
  const platform::Transport transport_;
  const Clock& clock_;
  const Wait wait_;
  Breaker breaker_;
  Budget budget_;
};

}  // namespace qiao::llm
