#pragma once

#include <chrono>

#include "qiao/config.hpp"

namespace qiao::partners {

struct PartnersConfig {
  std::int32_t per_minute = 600;
  std::int64_t per_day = 100000;
  std::int32_t per_visitor_minute = 60;
  std::chrono::milliseconds fresh_for{5000};
  std::chrono::milliseconds revalidate_for{30000};
  std::chrono::milliseconds keep_for{std::chrono::minutes(10)};
  std::chrono::milliseconds erp_deadline{2000};
  std::int32_t remembered = 20000;
  std::chrono::milliseconds live_every{5000};
  std::int32_t live_connections = 5000;
  std::int32_t live_connections_per_key = 1000;
};

inline void describe(Schema<PartnersConfig>& s) {
  using namespace std::chrono_literals;
  s.optional("per_minute", &PartnersConfig::per_minute)
      .range(1, 1000000)
      .doc("Requests a minute of a new key that says nothing else");
  s.optional("per_day", &PartnersConfig::per_day)
      .range(1, 1000000000)
      .doc("Requests a day (UTC) of a new key that says nothing else");
  s.optional("per_visitor_minute", &PartnersConfig::per_visitor_minute)
      .range(1, 100000)
      .doc("Requests a minute that one address may make with a browser key, so that a visitor cannot use it up");
  s.optional("fresh_for", &PartnersConfig::fresh_for)
      .range(0ms, 10min)
      .doc("An answer is given from memory for so long before the ERP is asked again");
  s.optional("revalidate_for", &PartnersConfig::revalidate_for)
      .range(0ms, 1h)
      .doc("After fresh_for, an answer is still given at once for so long, while the ERP is asked in the background");
  s.optional("keep_for", &PartnersConfig::keep_for)
      .range(0ms, 24h)
      .doc("An answer so old stands in, marked stale, while the ERP does not answer");
  s.optional("erp_deadline", &PartnersConfig::erp_deadline)
      .range(50ms, 20s)
      .doc("How long the ERP connector has for an answer");
  s.optional("remembered", &PartnersConfig::remembered)
      .range(100, 1000000)
      .doc("Answers kept in memory, one a SKU and warehouse");
  s.optional("live_every", &PartnersConfig::live_every)
      .range(200ms, 10min)
      .doc("How often the SKUs on live pages are looked up; only changes are sent");
  s.optional("live_connections", &PartnersConfig::live_connections)
      .range(0, 100000)
      .doc("Live connections of all keys together; 0 switches live updates off");
  s.optional("live_connections_per_key", &PartnersConfig::live_connections_per_key)
      .range(1, 100000)
      .doc("Live connections of one key");
}

}  // namespace qiao::partners
