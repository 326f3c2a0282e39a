#pragma once

#include "connectors/platform/settings.hpp"

namespace qiao::tryton {

using namespace std::chrono_literals;

struct TrytonConfig : platform::CommonSettings {
  std::string database;
  std::string user;
  Secret password;
  std::string language = "zh_CN";
  std::int64_t company = 0;
  std::vector<std::string> warehouses;
  bool reserved = true;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

inline void describe(Schema<TrytonConfig>& s) {
  s.required("url", &TrytonConfig::url).url().doc("Address of the server, e.g. http://erp.example.com:8000");
  s.required("database", &TrytonConfig::database)
      .pattern("[A-Za-z0-9_-]+", "the name of a database")
      .doc("Name of the database");
  s.required("user", &TrytonConfig::user).doc("Login name of the hub's user there");
  s.required("password", &TrytonConfig::password).doc("Password of that user");
  s.optional("language", &TrytonConfig::language)
      .pattern("[a-z]{2,3}(_[A-Z]{2})?", "a language code, e.g. zh_CN")
      .doc("Language of names that Tryton translates");
  s.optional("company", &TrytonConfig::company).min(0).doc("Number of the company; 0: the one of the user");
  s.optional("warehouses", &TrytonConfig::warehouses)
      .max_items(50)
      .doc("Codes of the warehouses that count; empty: all");
  s.optional("reserved", &TrytonConfig::reserved)
      .doc("Ask for what is assigned to deliveries as well; one call more for each warehouse");
  platform::describe_common(s);
}

}  // namespace qiao::tryton
