#pragma once

#include "connectors/channel/token_keeper.hpp"
#include "connectors/email/config.hpp"
#include "qiao/outbound.hpp"

namespace qiao::email {

/// An access token for a refresh token (RFC 6749, 6). `refresh`: the newest one that the provider gave, "" at first.
Result<channel::FreshToken> fetch_oauth_token(OutboundClient& http, const OauthConfig& config,
                                              const std::string& refresh);

/// What a token endpoint answered.
Result<channel::FreshToken> read_oauth_token(int status, const std::string& body);

}  // namespace qiao::email
