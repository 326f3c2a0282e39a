#pragma once

#include "qiao/config.hpp"

namespace qiao::tickets {

using namespace std::chrono_literals;

struct TicketsConfig {
  std::map<std::string, std::chrono::minutes> deadlines = {
      {"logistics", 24h}, {"tech", 8h}, {"finance", 48h}, {"after-sales", 24h}};
  std::chrono::minutes default_deadline = 48h;
  std::chrono::seconds check_every = 15s;
};

inline void describe(Schema<TicketsConfig>& s) {
  s.optional("deadlines", &TicketsConfig::deadlines)
      .range(5min, 90 * 24h)
      .doc("By department: how long after its creation a ticket without a deadline of its own is due");
  s.optional("default_deadline", &TicketsConfig::default_deadline)
      .range(5min, 90 * 24h)
      .doc("The same for departments that are not named");
  s.optional("check_every", &TicketsConfig::check_every)
      .range(1s, 10min)
      .doc("How often overdue tickets are looked for and messages that could not be written are tried again");
}

}  // namespace qiao::tickets
