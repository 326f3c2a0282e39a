#pragma once

#include "connectors/platform/settings.hpp"

namespace qiao::odoo {

using namespace std::chrono_literals;

struct OdooConfig : platform::CommonSettings {
  std::string database;
  std::string user;
  Secret key;
  std::vector<std::string> phone_fields = {"phone", "mobile"};
  bool delivery = true;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

inline void describe(Schema<OdooConfig>& s) {
  s.required("url", &OdooConfig::url).url().doc("Address of Odoo, e.g. https://shop.odoo.com");
  s.required("database", &OdooConfig::database).doc("Name of the database");
  s.required("user", &OdooConfig::user).doc("Login name of the hub's user there");
  s.required("key", &OdooConfig::key).doc("API key of that user (or its password)");
  s.optional("phone_fields", &OdooConfig::phone_fields)
      .pattern("[a-z_0-9]+", "the name of a field")
      .max_items(5)
      .doc("Fields of res.partner that hold telephone numbers; newer versions have no mobile");
  s.optional("delivery", &OdooConfig::delivery)
      .doc("Carrier and tracking number of deliveries; needs the modules stock and delivery there");
  platform::describe_common(s);
}

}  // namespace qiao::odoo
