#pragma once

#include <chrono>
#include <string>

#include "qiao/config.hpp"

namespace qiao::channel {

/// Settings that every channel connector has; its Config derives from it and calls `describe_common` in its describe.
struct ChannelSettings {
  std::string title;
  std::string site;
  std::string language;
  double sends_per_second = 0;  ///< of the instance; 0: the connector's own default
  std::chrono::minutes give_up{60};
  std::chrono::milliseconds timeout{10000};
  std::string ca_file;
};

/// `sends_per_second`, `give_up`: the connector's defaults.
template <class T>
void describe_common(Schema<T>& s, double sends_per_second, std::chrono::minutes give_up = std::chrono::minutes(60)) {
  s.optional("title", &T::title).doc("What agents read as the channel's name; empty: the platform's name");
  s.optional("site", &T::site).doc("The shop or brand that this account belongs to; empty when there is one");
  s.optional("language", &T::language).doc("Language of its customers, e.g. zh-CN; empty: found from what they write");
  s.optional("sends_per_second", &T::sends_per_second, sends_per_second)
      .range(0.01, 10000.0)
      .doc("Messages sent to the platform each second, at most; more wait");
  s.optional("give_up", &T::give_up, give_up)
      .range(std::chrono::minutes(1), std::chrono::minutes(60 * 72))
      .doc("A message that could not be sent for so long has failed");
  s.optional("timeout", &T::timeout, std::chrono::milliseconds(10000))
      .range(std::chrono::milliseconds(100), std::chrono::milliseconds(60000))
      .doc("Longest time for one call of the platform");
  s.optional("ca_file", &T::ca_file).doc("PEM file of further trusted certificates, for a proxy of one's own");
}

}  // namespace qiao::channel
