#pragma once

#include <functional>
#include <optional>
#include <string>

#include "connectors/channel/token_keeper.hpp"
#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/json_answer.hpp"
#include "connectors/wechat/config.hpp"

namespace qiao::wechat {

struct Media {
  std::string bytes;
  std::string name;  ///< as the platform calls it; may be empty
};

/// An answer of the platform; `code` is its errcode.
struct Answer {
  std::int64_t code = 0;
  std::string says;
  platform::Json body;
};

/// Where an access token comes from: a TokenKeeper in the hub.
struct TokenSource {
  std::function<Result<std::string>()> get;
  std::function<void(const std::string& token)> reject;
};

/// The platform's HTTP interface: tokens, JSON calls, media. Blocks; any thread.
class Api {
 public:
  /// The error of a call whose answer was lost after it was sent: it may have been carried out.
  static constexpr const char* kUnknown = "wechat.no_answer";

  Api(const WechatConfig& config, platform::Transport transport, const Clock& clock);

  /// By stable_token, which gives every node the same. After `refused` came back from it once more, by force.
  Result<channel::FreshToken> fetch_token(const std::string& refused = {});
  void use(TokenSource tokens) { tokens_ = std::move(tokens); }

  /// Calls with the access token; a refused one is replaced once.
  Result<Answer> call(const std::string& method, const std::string& path, const platform::Json& body = {},
                      const std::string& query = {});
  /// The same, with an `errcode` as an error.
  Result<platform::Json> ask(const std::string& method, const std::string& path, const platform::Json& body = {},
                             const std::string& query = {});
  /// The error that an `errcode` stands for.
  [[nodiscard]] Error refusal(const Answer& answer) const;
  /// A media id, good for three days. `type`: image, voice, video, thumb.
  Result<std::string> upload(const std::string& type, const std::string& name, const std::string& media_type,
                             const std::string& bytes);
  /// What a customer sent; videos are fetched from the address that the platform tells.
  Result<Media> download(const std::string& media_id, std::chrono::milliseconds within);
  /// OpenID, session key and UnionID of whoever logged in in the mini program.
  Result<platform::Json> code_to_session(const std::string& code);

 private:
  Result<Answer> read(const Result<OutboundResponse>& answer) const;
  /// `make(token)` builds the request; sent again once with a new token when that was refused.
  Result<Answer> with_token(const std::function<OutboundRequest(const std::string& token)>& make);

  const WechatConfig& config_;
  const platform::Transport transport_;
  const Clock& clock_;
  TokenSource tokens_;
};

}  // namespace qiao::wechat
