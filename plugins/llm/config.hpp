#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "qiao/config.hpp"

namespace qiao::llm {

enum class Provider : std::uint8_t { openai, hunyuan };
QIAO_ENUM(Provider, openai, hunyuan)

struct LlmConfig {
  Provider provider = Provider::openai;
  std::string url;
  Secret api_key;
  std::string secret_id;
  Secret secret_key;
  std::string region;
  std::string model;
  std::string embedding_model;
  bool stream = true;
  double temperature = 0.1;
  std::int32_t max_tokens = 400;
  std::vector<std::string> leave_out;
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds timeout{3500};
  std::int32_t retries = 1;
  std::int32_t tokens_per_day = 1'000'000;
  std::int32_t parallel = 4;
  std::int32_t breaker_failures = 5;
  std::chrono::seconds breaker_window{30};
  std::chrono::seconds breaker_pause{30};
  bool mark = true;
  std::string shop;
  std::string ca_file;
  std::string proxy;
};

inline void describe(Schema<LlmConfig>& s) {
  using namespace std::chrono_literals;
  s.optional("provider", &LlmConfig::provider)
      .doc("openai: every server that speaks the chat-completions protocol; hunyuan: Tencent's own interface");
  s.required("url", &LlmConfig::url)
      .doc(
          "Base address with its version path, e.g. https://api.deepseek.com/v1, http://127.0.0.1:11434/v1 or "
          "https://hunyuan.tencentcloudapi.com");
  s.optional("api_key", &LlmConfig::api_key).doc("Key of an openai server; local servers take any");
  s.optional("secret_id", &LlmConfig::secret_id).doc("hunyuan: SecretId of the Tencent Cloud account");
  s.optional("secret_key", &LlmConfig::secret_key).doc("hunyuan: its SecretKey");
  s.optional("region", &LlmConfig::region).doc("hunyuan: region, e.g. ap-guangzhou; empty: the service's default");
  s.required("model", &LlmConfig::model).doc("Name of the model, e.g. deepseek-chat, qwen-plus, hunyuan-lite");
  s.optional("embedding_model", &LlmConfig::embedding_model)
      .doc("openai: model that orders the entries by meaning before they are read; empty: the bot's own order");
  s.optional("stream", &LlmConfig::stream).doc("Ask for the answer piece by piece, so that a dead server is noticed");
  s.optional("temperature", &LlmConfig::temperature).range(0.0, 2.0).doc("How freely the model words its answers");
  s.optional("max_tokens", &LlmConfig::max_tokens).range(16, 8192).doc("Longest answer");
  s.optional("leave_out", &LlmConfig::leave_out)
      .max_items(20)
      .doc("Fields of the request that this server refuses, e.g. [stream_options, temperature]");
  s.optional("connect_timeout", &LlmConfig::connect_timeout).range(50ms, 30s).doc("For the connection");
  s.optional("timeout", &LlmConfig::timeout)
      .range(100ms, 60s)
      .doc("For one question with all its tries; below the bot's model_deadline");
  s.optional("retries", &LlmConfig::retries).range(0, 5).doc("Further tries after a failure that may pass");
  s.optional("tokens_per_day", &LlmConfig::tokens_per_day)
      .range(0, 2'000'000'000)
      .doc("Budget, counted as the server reports it, a day in UTC; 0: none");
  s.optional("parallel", &LlmConfig::parallel).range(1, 64).doc("Questions at once");
  s.optional("breaker_failures", &LlmConfig::breaker_failures)
      .range(1, 1000)
      .doc("So many failures within breaker_window, and the server is left alone for breaker_pause");
  s.optional("breaker_window", &LlmConfig::breaker_window).range(1s, 1h).doc("See breaker_failures");
  s.optional("breaker_pause", &LlmConfig::breaker_pause).range(1s, 1h).doc("See breaker_failures");
  s.optional("mark", &LlmConfig::mark).doc("Say below each answer that a program wrote it, as the law of China asks");
  s.optional("shop", &LlmConfig::shop).max_length(100).doc("Name of the shop, for the model's instructions");
  s.optional("ca_file", &LlmConfig::ca_file).doc("Further trusted certificates, PEM");
  s.optional("proxy", &LlmConfig::proxy).doc("host:port of an HTTP proxy");
  s.rule("api_key", [](const LlmConfig& c) -> std::string {
    if (c.provider == Provider::hunyuan)
      return c.secret_id.empty() || c.secret_key.reveal().empty() ? "hunyuan needs secret_id and secret_key" : "";
    return c.api_key.reveal().empty() ? "an openai server needs api_key; for a local server any text will do" : "";
  });
}

}  // namespace qiao::llm
