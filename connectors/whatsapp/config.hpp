#pragma once

#include <map>
#include <string>
#include <vector>

#include "connectors/meta/settings.hpp"

namespace qiao::whatsapp {

/// A template that Meta has approved.
struct Template {
  std::string name;
  std::string language = "zh_CN";
  std::vector<std::string> parameters;
};

inline void describe(Schema<Template>& s) {
  s.required("name", &Template::name).doc("Its name in WhatsApp Manager");
  s.optional("language", &Template::language).doc("Its language as WhatsApp Manager writes it, e.g. zh_CN, en_US");
  s.optional("parameters", &Template::parameters)
      .doc("Values for {{1}}, {{2}} … of its body: number, title, status, text, shop, time, name");
}

struct WhatsappConfig : meta::MetaSettings {
  std::string phone_number_id;
  bool read_marks = true;
  std::map<std::string, Template> notices;
};

inline void describe(Schema<WhatsappConfig>& s) {
  s.required("phone_number_id", &WhatsappConfig::phone_number_id)
      .pattern("[0-9]+", "digits only: the id of the number, not the number")
      .doc("Id of the business number, from WhatsApp > API Setup");
  s.optional("read_marks", &WhatsappConfig::read_marks).doc("Customers see blue ticks when an agent has read");
  s.optional("notices", &WhatsappConfig::notices)
      .doc("Templates that go out in place of free text after the 24 hours: ticket.created, ticket.resolved, reply …");
  meta::describe_meta(s, 80);
}

}  // namespace qiao::whatsapp
