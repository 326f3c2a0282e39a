#pragma once

#include "connectors/channel/token_keeper.hpp"
#include "connectors/email/config.hpp"
#include "qiao/outbound.hpp"

namespace qiao::email {

/// An access token for a refresh token (RFC 6749, 6). `refresh`: the newest one that the provider gave, "" at first.
Result<channel::FreshToken> fetch_oauth_token(OutboundClient& http, const OauthConfig& config,
                                              const std::string& refresh);

/// Where Memory keeps the tokens: elsewhere for another refresh token in the settings, so that the operator's new one
/// counts more than what the provider gave for the old.
std::string oauth_token_name(const OauthConfig& config);

/// What a token endpoint answered.
Result<channel::FreshToken> read_oauth_token(int status, const std::string& body);

}  // namespace qiao::email
