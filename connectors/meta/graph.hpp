#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "connectors/channel/form.hpp"
#include "connectors/channel/incoming.hpp"
#include "connectors/meta/settings.hpp"

namespace qiao::meta {

/// The call of a webhook is Meta's own: X-Hub-Signature-256 over the bytes as they came. Errors: `meta.signature`.
Result<void> verify(const std::string& app_secret, const HttpRequest& request);
/// Answers the question that Meta asks when the webhook is set up: the challenge, or 403.
HttpResponse answer_challenge(const std::string& verify_token, const HttpRequest& request);
/// hex hmac_sha256(app secret, token): proves that who calls knows both.
std::string appsecret_proof(const std::string& app_secret, const std::string& token);
/// What to do about an error of the Graph API; codes of WhatsApp and Messenger. `system` begins the ids.
Error fault(std::string_view system, const OutboundResponse& response);
/// A code that comes later, in a status, as a sentence for an agent.
std::string sentence(std::int64_t code, const std::string& said);

/// The Graph API with one token. Blocking; any thread.
class Graph {
 public:
  Graph(std::string system, const MetaSettings& settings, std::shared_ptr<channel::Services> services);

  Result<nlohmann::json> get(const std::string& path);
  Result<nlohmann::json> post(const std::string& path, const nlohmann::json& body);
  Result<nlohmann::json> upload(const std::string& path, const std::vector<std::pair<std::string, std::string>>& fields,
                                const channel::FormFile& file);
  /// Fetches media from an address that Meta gave; `with_token`: it wants the token.
  Result<channel::Receiver::File> download(const std::string& url, bool with_token);
  /// Registers GET /hooks/<instance>, and POST there for what `read` makes of a call that Meta signed.
  void hook(channel::Receiver& receiver, channel::Receiver::Read read);

 private:
  Result<nlohmann::json> call(OutboundRequest request, const std::string& path);

  const std::string system_;
  const MetaSettings settings_;
  const std::shared_ptr<channel::Services> services_;
};

}  // namespace qiao::meta
