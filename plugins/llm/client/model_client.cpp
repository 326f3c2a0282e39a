#include "plugins/llm/client/model_client.hpp"

#include <fmt/format.h>

#include "plugins/llm/client/tc3.hpp"

namespace qiao::llm {
namespace {

using namespace std::chrono_literals;
constexpr auto kFirstPause = 200ms;
constexpr std::size_t kBatch = 10;  // the smallest that a known service allows

/// Worth another try, and a mark against the server.
bool may_pass(const Error& error) {
  return error.code == Errc::unavailable || error.code == Errc::timeout || error.code == Errc::rate_limited;
}

}  // namespace

ModelClient::ModelClient(const LlmConfig& config, platform::Transport transport, const Clock& clock, Wait wait)
    : config_(config),
      transport_(std::move(transport)),
      clock_(clock),
      wait_(std::move(wait)),
      breaker_(config_, clock),
      budget_(config.tokens_per_day, clock) {}

OutboundRequest ModelClient::request(const std::string& path, const std::string& body, SteadyTime until) const {
  OutboundRequest out;
  out.method = "POST";
  out.body = body;
  out.timeout = std::max(1ms, std::chrono::duration_cast<std::chrono::milliseconds>(until - clock_.steady()));
  if (config_.provider == Provider::openai) {
    out.url = platform::join_url(config_.url, path);
    out.headers = {{"Content-Type", "application/json"},
                   {"Accept", config_.stream ? "text/event-stream" : "application/json"},
                   {"Authorization", "Bearer " + config_.api_key.reveal()}};
    return out;
  }
  const std::int64_t now = to_micros(clock_.now()) / 1'000'000;
  const std::string address = host_and_port(config_.url);
  const std::string host = address.substr(0, address.rfind(':'));
  const Tc3 who{config_.secret_id, config_.secret_key.reveal(), host, host.substr(0, host.find('.'))};
  out.url = platform::join_url(config_.url, "/");
  out.headers = {{"Content-Type", "application/json"},
                 {"X-TC-Action", "ChatCompletions"},
                 {"X-TC-Version", "2023-09-01"},
                 {"X-TC-Timestamp", std::to_string(now)},
                 {"Authorization", tc3_authorization(who, now, body)}};
  if (!config_.region.empty()) out.headers.emplace_back("X-TC-Region", config_.region);
  return out;
}

template <class T>
Result<T> ModelClient::with_retries(const std::string& path, const std::string& body,
                                    const std::function<Result<T>(std::string_view)>& read) {
  if (!budget_.left()) return Error{Errc::rate_limited, "llm.over_budget", "the day's budget of tokens is used"};
  const SteadyTime until = clock_.steady() + config_.timeout;
  for (int attempt = 0;; ++attempt) {
    if (!breaker_.allow()) {
      return Error{Errc::unavailable, "llm.circuit_open", "the language model's server failed too often; it rests"};
    }
    auto response = transport_(request(path, body, until));
    Result<T> result = Error{Errc::internal, "not asked"};
    auto pause = std::chrono::milliseconds(kFirstPause * (1 << attempt));
    bool retry = false;
    if (!response) {
      result = response.error();
      retry = may_pass(response.error());
    } else if (response->status < 200 || response->status > 299) {
      const Refusal refused = refusal(*response);
      result = refused.error;
      retry = refused.retry;
      if (refused.after > pause) pause = refused.after;
    } else {
      result = read(response->body);
      retry = !result && may_pass(result.error());
    }
    // A wrong question or a withheld answer says nothing against the server.
    !result && (retry || may_pass(result.error())) ? breaker_.failed() : breaker_.succeeded();
    if (result || !retry || attempt >= config_.retries) return result;
    if (clock_.steady() + pause >= until || !wait_(pause)) return result;
  }
}

Result<ChatReply> ModelClient::chat(const std::vector<ChatTurn>& turns) {
  auto reply = with_retries<ChatReply>("chat/completions", chat_body(config_, turns), read_chat);
  if (!reply) return reply;
  if (reply->tokens == 0) {
    // A server that does not count: about a token for three bytes.
    std::size_t bytes = reply->text.size();
    for (const ChatTurn& turn : turns) bytes += turn.text.size();
    reply->tokens = static_cast<std::int64_t>(bytes / 3);
  }
  budget_.use(reply->tokens);
  return reply;
}

Result<std::vector<std::vector<float>>> ModelClient::embed(const std::vector<std::string>& texts) {
  std::vector<std::vector<float>> out;
  for (std::size_t at = 0; at < texts.size(); at += kBatch) {
    const std::vector<std::string> batch(
        texts.begin() + static_cast<std::ptrdiff_t>(at),
        texts.begin() + static_cast<std::ptrdiff_t>(std::min(at + kBatch, texts.size())));
    auto vectors = with_retries<std::vector<std::vector<float>>>(
        "embeddings", embeddings_body(config_, batch),
        [&](std::string_view body) { return read_embeddings(body, batch.size()); });
    if (!vectors) return vectors.error();
    for (auto& v : *vectors) out.push_back(std::move(v));
    std::size_t bytes = 0;
    for (const std::string& text : batch) bytes += text.size();
    budget_.use(static_cast<std::int64_t>(bytes / 3));
  }
  return out;
}

}  // namespace qiao::llm
