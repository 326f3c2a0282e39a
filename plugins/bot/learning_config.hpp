#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "qiao/config.hpp"

namespace qiao::bot {

/// Who decides that an agent's answer becomes knowledge.
enum class Accept : std::uint8_t { supervisor, automatic };
QIAO_ENUM(Accept, supervisor, automatic)

struct LearningConfig {
  bool enabled = true;
  Accept accept = Accept::supervisor;
  std::int32_t accept_after = 2;
  std::chrono::hours keep = std::chrono::hours(24 * 90);
};

inline void describe(Schema<LearningConfig>& s) {
  using namespace std::chrono_literals;
  s.optional("enabled", &LearningConfig::enabled)
      .reloadable()
      .doc("Keep what the bot could not answer, and what agents answered to it, as suggestions");
  s.optional("accept", &LearningConfig::accept)
      .reloadable()
      .doc("Who turns a suggestion into knowledge: supervisor, or automatic when agents have answered it alike");
  s.optional("accept_after", &LearningConfig::accept_after)
      .range(1, 100)
      .reloadable()
      .doc("With accept: automatic, how many times a question must have been answered");
  s.optional("keep", &LearningConfig::keep)
      .range(24h, 87600h)
      .reloadable()
      .doc("How long unanswered questions and open suggestions are kept");
}

/// The settings as they are now; a reload replaces them. Any thread.
class LearningSettings {
 public:
  [[nodiscard]] LearningConfig get() const {
    const std::lock_guard lock(mutex_);
    return config_;
  }
  void set(const LearningConfig& config) {
    const std::lock_guard lock(mutex_);
    config_ = config;
  }

 private:
  mutable std::mutex mutex_;
  LearningConfig config_;
};

}  // namespace qiao::bot
