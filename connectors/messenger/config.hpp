#pragma once

#include <string>

#include "connectors/meta/settings.hpp"

namespace qiao::messenger {

struct MessengerConfig : meta::MetaSettings {
  std::string page_id;
  bool human_agent = false;
  bool read_marks = true;
  std::string welcome;
};

inline void describe(Schema<MessengerConfig>& s) {
  s.required("page_id", &MessengerConfig::page_id)
      .pattern("[0-9]+", "digits only")
      .doc("Id of the page, or of the Instagram account; calls about others are left alone");
  s.optional("human_agent", &MessengerConfig::human_agent)
      .doc("The app has the permission Human Agent: people may answer for seven days instead of 24 hours");
  s.optional("read_marks", &MessengerConfig::read_marks).doc("Customers see when an agent has read");
  s.optional("welcome", &MessengerConfig::welcome).max_length(2000).doc("Text after \"Get started\"; empty: none");
  meta::describe_meta(s, 40);
}

}  // namespace qiao::messenger
