#include "plugins/web/services.hpp"

#include "plugins/web/identity.hpp"
#include "qiao/multipart.hpp"

namespace qiao::web {

bool WindowLimit::admit(const std::string& key, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (now - began_ >= window_) {
    began_ = now;
    count_.clear();
  }
  return ++count_[key] <= most_;
}

Result<VisitorPass> Services::visitor(const HttpRequest& request) const {
  std::string_view token = request.header("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (!token.starts_with(kBearer))
    return Error{Errc::unauthorized, "send the visitor's token as Authorization: Bearer"};
  token.remove_prefix(kBearer.size());
  return visitor(token);
}

Result<VisitorPass> Services::visitor(std::string_view token) const {
  const Time now = clock.now();
  auto known = verified.get(token, now, settings.visitor_token_life, [&](std::string_view text) {
    Result<VisitorPass> pass = Error{Errc::unauthorized, "web.bad_token", "this visitor token is not valid here"};
    for (const auto& [site, about] : settings.sites) {
      pass = tokens.verify_visitor(text, site, now, settings.visitor_token_life);
      if (pass) break;
    }
    return pass;
  });
  if (known && erased.contains(known->visitor)) {
    return Error{Errc::unauthorized, "web.bad_token", "this visitor was erased; ask for a new token"};
  }
  return known;
}

void ErasedVisitors::add(Id visitor) {
  const std::lock_guard lock(mutex_);
  visitors_.insert(visitor);
}

bool ErasedVisitors::contains(Id visitor) const {
  const std::lock_guard lock(mutex_);
  return visitors_.contains(visitor);
}

void identify(Services& services, const VisitorPass& pass, const ClientFrame& frame,
              std::function<void(Result<bool>)> done) {
  if (!services.identities.admit(pass.visitor.str(), services.clock.steady())) {
    return done(Error{Errc::rate_limited, "web.too_many_identities", "too many identities within this hour"});
  }
  SiteIdentity who;
  const std::string& secret = services.settings.sites.at(pass.site).identify_secret.reveal();
  const bool proven = !frame.identity.empty() || !frame.user_hash.empty();
  std::vector<contract::Claim> claims;
  if (!frame.identity.empty()) {
    auto verified = verify_identity(frame.identity, secret, services.clock.now());
    if (!verified) return done(verified.error());
    who = std::move(*verified);
    claims = claims_of(who, true);
  } else {
    if (!frame.user_hash.empty()) {
      if (auto ok = verify_user_hash(frame.user, frame.user_hash, secret); !ok) return done(ok.error());
      claims.push_back({contract::identity_kind::kAppUser, frame.user, true});
    }
    who.name = frame.name;
    who.phone = frame.phone;
    who.email = frame.email;
    for (contract::Claim& claim : claims_of(who, false)) claims.push_back(std::move(claim));
  }
  contract::Identify ask;
  ask.identity = {services.channel, pass.visitor.str()};
  ask.name = who.name;
  ask.claims = std::move(claims);
  ask.attributes = std::move(who.attributes);
  services.bus.request(std::move(ask), RequestOptions{std::chrono::seconds(10)},
                       [proven, done = std::move(done)](const Result<contract::ContactView>& contact) {
                         if (!contact) return done(contact.error());
                         done(proven);
                       });
}

bool Services::origin_ok(std::string_view origin) const {
  for (const auto& [site, about] : settings.sites) {
    for (const std::string& allowed : about.origins) {
      if (allowed == origin || allowed == "*") return true;
    }
  }
  return false;
}

Result<contract::Attachment> keep_upload(Services& services, const HttpRequest& request, const std::string& owner,
                                         Bytes limit) {
  auto parts = parse_form(request.header("content-type"), request.body);
  if (!parts) return parts.error();
  for (const FormPart& part : *parts) {
    if (part.name != "file") continue;
    if (part.content.size() > limit.count) {
      return Error{Errc::too_large, fmt::format("the file is larger than {} allows", to_string(limit))};
    }
    return services.files.keep(part.filename, std::string(part.content), owner);
  }
  return Error{Errc::bad_value, "the form has no field \"file\""};
}

std::string content_disposition(std::string_view name) {
  std::string encoded;
  for (const char c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return "attachment; filename*=UTF-8''" + encoded;
}

Result<void> check_message(std::string_view id, std::string_view text, std::size_t attachments) {
  constexpr std::size_t kMostId = 64;
  constexpr std::size_t kMostText = 8 * 1024;
  constexpr std::size_t kMostAttachments = 10;
  if (id.empty() || id.size() > kMostId) {
    return Error{Errc::bad_value, "a message needs an id of its own, 1 to 64 characters"};
  }
  if (text.empty() && attachments == 0) return Error{Errc::bad_value, "the message is empty"};
  if (text.size() > kMostText) {
    return Error{Errc::too_large,
                 fmt::format("the text has {} bytes, {} are allowed; send it as a file", text.size(), kMostText)};
  }
  if (attachments > kMostAttachments) return Error{Errc::too_large, "at most 10 attachments in a message"};
  return {};
}

}  // namespace qiao::web
