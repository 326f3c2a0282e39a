#pragma once

#include "qiao/config.hpp"
#include "qiao/contract/accounts.hpp"

namespace qiao::accounts {

using namespace std::chrono_literals;

struct GroupConfig {
  std::string key;
  std::string name_zh;
  std::string name_en;
  bool department = false;
};

inline void describe(Schema<GroupConfig>& s) {
  s.required("key", &GroupConfig::key)
      .pattern("[a-z][a-z0-9-]{0,39}", "a short name of lower-case letters, digits and hyphens")
      .doc("How other settings, rules and the REST interface call the group; never changes");
  s.required("name_zh", &GroupConfig::name_zh).max_length(60).doc("The group's name in Chinese");
  s.required("name_en", &GroupConfig::name_en).max_length(60).doc("The group's name in English");
  s.optional("department", &GroupConfig::department).doc("The group takes tickets");
}

struct AccountsConfig {
  std::vector<GroupConfig> groups = {{"after-sales", "售后组", "After-sales", true},
                                     {"logistics", "物流组", "Logistics", true},
                                     {"sales", "销售组", "Sales", false},
                                     {"tech", "技术支持组", "Technical support", true},
                                     {"finance", "财务组", "Finance", true}};
  std::chrono::seconds session_idle = 30min;
  std::chrono::seconds session_length = 12h;
  std::int32_t failed_logins_per_address = 5;
  std::chrono::seconds failed_logins_window = 5min;
};

inline void describe(Schema<AccountsConfig>& s) {
  s.optional("groups", &AccountsConfig::groups).max_items(100).doc("The groups that agents belong to");
  s.optional("session_idle", &AccountsConfig::session_idle)
      .range(1min, 12h)
      .doc("A login ends when it was not used for so long");
  s.optional("session_length", &AccountsConfig::session_length)
      .range(5min, 168h)
      .doc("A login ends after so long, used or not");
  s.optional("failed_logins_per_address", &AccountsConfig::failed_logins_per_address)
      .range(1, 1000)
      .doc("Wrong logins that one network address has within failed_logins_window; further ones wait");
  s.optional("failed_logins_window", &AccountsConfig::failed_logins_window)
      .range(1s, 24h)
      .doc("How long a wrong login counts for its network address");
  s.rule("groups", [](const AccountsConfig& c) -> std::string {
    for (std::size_t i = 0; i < c.groups.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (c.groups[i].key == c.groups[k].key) return "the group \"" + c.groups[i].key + "\" stands there twice";
      }
    }
    return {};
  });
  s.rule("session_length", [](const AccountsConfig& c) -> std::string {
    return c.session_length < c.session_idle ? "must not be shorter than session_idle" : "";
  });
}

}  // namespace qiao::accounts
