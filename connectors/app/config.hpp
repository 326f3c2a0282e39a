#pragma once

#include <map>
#include <string>
#include <vector>

#include "qiao/config.hpp"

namespace qiao::app {

using namespace std::chrono_literals;

struct ApnsSettings {
  Secret key;
  std::string key_id;
  std::string team;
  std::string topic;
  std::string url = "https://api.push.apple.com";
  std::string sandbox_url = "https://api.sandbox.push.apple.com";
  [[nodiscard]] bool on() const { return !key.reveal().empty(); }
};

struct FcmSettings {
  Secret service_account;
  std::string url = "https://fcm.googleapis.com";
  [[nodiscard]] bool on() const { return !service_account.reveal().empty(); }
};

struct JpushSettings {
  std::string app_key;
  Secret master_secret;
  bool production = true;
  std::string url = "https://api.jpush.cn";
  [[nodiscard]] bool on() const { return !app_key.empty(); }
};

struct GetuiSettings {
  std::string app_id;
  std::string app_key;
  Secret master_secret;
  std::string intent;
  std::string url = "https://restapi.getui.com/v2";
  [[nodiscard]] bool on() const { return !app_id.empty(); }
};

struct AppConfig {
  std::string channel = "web";
  std::chrono::milliseconds push_after = 5s;
  std::chrono::minutes give_up = 24h;
  std::map<std::string, std::string> titles;
  bool show_text = false;
  std::string quiet;
  std::chrono::hours device_life = 24h * 180;
  std::chrono::milliseconds timeout = 10s;
  std::string ca_file;
  ApnsSettings apns;
  FcmSettings fcm;
  JpushSettings jpush;
  GetuiSettings getui;
};

inline void describe(Schema<ApnsSettings>& s) {
  s.optional("key", &ApnsSettings::key).doc("The provider's key (.p8) from Apple's developer console, as text");
  s.optional("key_id", &ApnsSettings::key_id).doc("Its Key ID");
  s.optional("team", &ApnsSettings::team).doc("The Team ID");
  s.optional("topic", &ApnsSettings::topic).doc("The app's bundle id, e.g. com.example.shop");
  s.optional("url", &ApnsSettings::url).url().doc("Address of the service");
  s.optional("sandbox_url", &ApnsSettings::sandbox_url).url().doc("The same for debug builds");
  s.rule("key_id", [](const ApnsSettings& a) {
    return a.on() && (a.key_id.empty() || a.team.empty() || a.topic.empty()) ? "APNs needs key, key_id, team and topic"
                                                                             : "";
  });
}

inline void describe(Schema<FcmSettings>& s) {
  s.optional("service_account", &FcmSettings::service_account)
      .doc("The service account's JSON file from the Firebase console, as text");
  s.optional("url", &FcmSettings::url).url().doc("Address of the service");
}

inline void describe(Schema<JpushSettings>& s) {
  s.optional("app_key", &JpushSettings::app_key).doc("AppKey from the console of JPush");
  s.optional("master_secret", &JpushSettings::master_secret).doc("Master Secret beside it");
  s.optional("production", &JpushSettings::production).doc("APNs' production environment for iOS devices behind JPush");
  s.optional("url", &JpushSettings::url).url().doc("Address of the service");
}

inline void describe(Schema<GetuiSettings>& s) {
  s.optional("app_id", &GetuiSettings::app_id).doc("AppID from the console of Getui");
  s.optional("app_key", &GetuiSettings::app_key).doc("AppKey beside it");
  s.optional("master_secret", &GetuiSettings::master_secret).doc("MasterSecret beside it");
  s.optional("intent", &GetuiSettings::intent)
      .doc("What a press on the notice opens on Android, \"intent:#Intent;…;end\"; empty: the app's first page");
  s.optional("url", &GetuiSettings::url).url().doc("Address of the service, version included");
}

inline void describe(Schema<AppConfig>& s) {
  s.optional("channel", &AppConfig::channel).doc("Instance of the web channel whose customers are woken");
  s.optional("push_after", &AppConfig::push_after)
      .range(100ms, 10min)
      .doc("How long a message may be on its way to an open app before the device is woken for it");
  s.optional("give_up", &AppConfig::give_up)
      .range(1min, 24h * 7)
      .doc("A device is not woken for a message older than this; the message itself waits in the app");
  s.optional("titles", &AppConfig::titles).doc("Title of the notice by language, e.g. zh-CN: 鲜到家客服");
  s.optional("show_text", &AppConfig::show_text)
      .doc("Put the message's text into the notice, where push services and lock screens can read it");
  s.optional("quiet", &AppConfig::quiet)
      .pattern("([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]", "from-until, e.g. 22:00-08:00")
      .doc("Hours at the customer's place in which notices make no sound");
  s.optional("device_life", &AppConfig::device_life)
      .range(24h, 24h * 730)
      .doc("A device whose app has not been opened for so long is forgotten");
  s.optional("timeout", &AppConfig::timeout).range(100ms, 60s).doc("Longest time for one call of a push service");
  s.optional("ca_file", &AppConfig::ca_file).doc("PEM file of further trusted certificates, for a proxy of one's own");
  s.section("apns", &AppConfig::apns).doc("Apple devices");
  s.section("fcm", &AppConfig::fcm).doc("Android devices with Google's services");
  s.section("jpush", &AppConfig::jpush).doc("JPush, which also reaches the vendors' own channels in China");
  s.section("getui", &AppConfig::getui).doc("Getui, the same");
}

}  // namespace qiao::app
