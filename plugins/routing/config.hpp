#pragma once

#include "plugins/routing/opening_hours.hpp"
#include "qiao/config.hpp"
#include "qiao/contract/accounts.hpp"

namespace qiao::routing {

using namespace std::chrono_literals;

/// What is given must hold, all of it; of each list one item is enough.
struct Rule {
  std::vector<std::string> keywords;
  std::vector<std::string> intents;
  std::vector<std::string> channels;
  std::vector<std::string> languages;
  std::string group;
};

inline void describe(Schema<Rule>& s) {
  s.optional("keywords", &Rule::keywords)
      .max_items(200)
      .doc("Words in what the customer wrote last; upper and lower case are one");
  s.optional("intents", &Rule::intents).max_items(200).doc("What the bot understood, e.g. return_status");
  s.optional("channels", &Rule::channels).max_items(50).doc("Names of channel instances, e.g. web");
  s.optional("languages", &Rule::languages).max_items(50).doc("Beginnings of language tags: en fits en-GB");
  s.required("group", &Rule::group).doc("Key of the group that gets the conversation");
  s.rule("group", [](const Rule& r) -> std::string {
    return r.keywords.empty() && r.intents.empty() && r.channels.empty() && r.languages.empty()
               ? "a rule needs keywords, intents, channels or languages; for all the rest there is default_group"
               : "";
  });
}

struct RoutingConfig {
  std::vector<Rule> rules = {
      {{"配送延迟", "配送", "快递", "物流", "送货", "骑手", "包裹", "丢件", "丢了", "没送到", "delivery", "parcel",
        "package", "courier", "shipping"},
       {},
       {},
       {},
       "logistics"},
      {{"课程", "报名", "烹饪课", "价格", "多少钱", "优惠", "团购", "想买", "course", "price", "discount", "wholesale"},
       {},
       {},
       {},
       "sales"},
      {{"系统报错", "报错", "登不上", "登录不了", "闪退", "打不开", "验证码", "bug", "error", "crash", "log in",
        "login"},
       {},
       {},
       {},
       "tech"},
      {{"发票", "退款到账", "没到账", "扣款", "付款失败", "invoice", "charged"}, {}, {}, {}, "finance"},
  };
  std::string default_group = "after-sales";
  std::vector<contract::Role> assign_to = {contract::Role::agent};
  std::map<std::string, std::vector<std::string>> languages;
  bool prefer_previous_agent = true;
  std::chrono::seconds handling_time = 180s;
  HoursConfig hours;
};

inline void describe(Schema<RoutingConfig>& s) {
  s.optional("rules", &RoutingConfig::rules)
      .max_items(500)
      .doc("Which group gets what; the first rule that fits decides");
  s.optional("default_group", &RoutingConfig::default_group).doc("The group of everything that no rule fits");
  s.optional("assign_to", &RoutingConfig::assign_to)
      .doc("Roles that are given conversations; others take them themselves");
  s.optional("languages", &RoutingConfig::languages)
      .doc("Languages by login name, e.g. {emma: [en]}; who speaks the customer's comes first");
  s.optional("prefer_previous_agent", &RoutingConfig::prefer_previous_agent)
      .doc("Give a returning customer to whom they know, if that agent is free");
  s.optional("handling_time", &RoutingConfig::handling_time)
      .range(10s, 24h)
      .doc("How long a conversation takes, until it has been measured; for the estimate that waiting customers see");
  s.section("hours", &RoutingConfig::hours)
      .doc("When people answer; at other times customers are told when, and come first in the morning");
}

}  // namespace qiao::routing
