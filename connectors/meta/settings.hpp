#pragma once

#include <string>
#include <vector>

#include "connectors/channel/settings.hpp"

namespace qiao::meta {

/// What every connector to Meta's Graph API needs.
struct MetaSettings : channel::ChannelSettings {
  std::string url = "https://graph.facebook.com";
  std::string version = "v21.0";
  Secret token;
  Secret app_secret;
  Secret verify_token;
  bool appsecret_proof = false;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

template <class T>
void describe_meta(Schema<T>& s, double sends_per_second) {
  s.required("token", &T::token).doc("Access token: of a system user (WhatsApp), of the page (Messenger)");
  s.required("app_secret", &T::app_secret).doc("App settings > Basic > App secret; signs what Meta sends");
  s.required("verify_token", &T::verify_token).doc("A word of your own, entered again where the webhook is set up");
  s.optional("appsecret_proof", &T::appsecret_proof)
      .doc("Proves each call with the app secret; needed when the app has \"Require App Secret\" on");
  s.optional("url", &T::url).url().doc("Address of the Graph API");
  s.optional("version", &T::version)
      .pattern("v[0-9]+\\.[0-9]+", "a version like v21.0")
      .doc("Version of the Graph API");
  channel::describe_common(s, sends_per_second);
}

}  // namespace qiao::meta
