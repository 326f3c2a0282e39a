#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "qiao/config.hpp"

namespace qiao::web {

/// One shop, school or brand with a widget of its own.
struct SiteSettings {
  std::string name;
  bool in_app = false;
  std::vector<std::string> origins;
  Secret identify_secret;
  bool push = false;
};

struct WebSettings {
  std::map<std::string, SiteSettings> sites;
  std::string pages;
  std::string public_url;
  std::chrono::hours visitor_token_life{24 * 180};
  std::chrono::minutes file_link_life{5};
  Bytes visitor_file_limit{10u << 20};
  Bytes agent_file_limit{25u << 20};
  std::chrono::hours unsent_uploads_kept{24};
  std::int32_t visitor_uploads_per_hour = 60;
  std::int32_t visitor_messages_per_second = 20;
  std::int32_t agent_messages_per_second = 100;
  std::int32_t new_visitors_per_minute = 120;
};

inline void describe(Schema<SiteSettings>& s) {
  s.optional("name", &SiteSettings::name).doc("Shown to agents beside the customer's name");
  s.optional("in_app", &SiteSettings::in_app)
      .doc("The widget stands inside the product: its customers are using it right now and are served before others");
  s.optional("origins", &SiteSettings::origins)
      .doc(
          "Pages that may embed the widget, e.g. https://shop.example.org; empty: only pages that the hub itself "
          "serves");
  s.optional("identify_secret", &SiteSettings::identify_secret)
      .doc(
          "Shared with the site's server, which signs with it who its visitor is (docs/guide/embedding-the-widget.md); "
          "without it nothing that a visitor says of themselves is proven");
  s.optional("push", &SiteSettings::push)
      .doc(
          "Its customers have an app that can be woken: what the app has not got after a moment is left to the "
          "connector app (docs/connectors/app.md), which must run");
}

inline void describe(Schema<WebSettings>& s) {
  s.optional("sites", &WebSettings::sites)
      .doc("Sites by key; `data-site` of the script tag names one. Empty: the site \"demo\"");
  s.optional("pages", &WebSettings::pages).doc("Folder of the built pages; empty: the hub's share folder");
  s.optional("public_url", &WebSettings::public_url)
      .pattern("(https?://[^/?#]+)?", "https://host, without a path")
      .doc("The address at which customers reach the hub, for links to files in other channels; empty: no such links");
  s.optional("visitor_token_life", &WebSettings::visitor_token_life, std::chrono::hours(24 * 180))
      .range(std::chrono::hours(1), std::chrono::hours(24 * 730))
      .doc("How long a customer's browser is recognised after its first visit");
  s.optional("file_link_life", &WebSettings::file_link_life, std::chrono::minutes(5))
      .range(std::chrono::minutes(1), std::chrono::minutes(60))
      .doc("How long a link to an uploaded file works");
  s.optional("visitor_file_limit", &WebSettings::visitor_file_limit, Bytes{10u << 20})
      .doc("Largest upload of a customer");
  s.optional("agent_file_limit", &WebSettings::agent_file_limit, Bytes{25u << 20}).doc("Largest upload of an agent");
  s.optional("unsent_uploads_kept", &WebSettings::unsent_uploads_kept, std::chrono::hours(24))
      .range(std::chrono::hours(1), std::chrono::hours(24 * 30))
      .doc("Uploads that stand in no message after this time are removed");
  s.optional("visitor_uploads_per_hour", &WebSettings::visitor_uploads_per_hour, 60)
      .range(1, 10000)
      .doc("For each customer");
  s.optional("visitor_messages_per_second", &WebSettings::visitor_messages_per_second, 20)
      .range(1, 100000)
      .doc("Frames a customer's socket may send; above it closes with 4429");
  s.optional("agent_messages_per_second", &WebSettings::agent_messages_per_second, 100)
      .range(1, 100000)
      .doc("Frames an agent's socket may send");
  s.optional("new_visitors_per_minute", &WebSettings::new_visitors_per_minute, 120)
      .range(1, 1000000)
      .doc("New visitors from one address; known ones are not counted");
}

}  // namespace qiao::web
