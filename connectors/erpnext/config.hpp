#pragma once

#include "connectors/platform/settings.hpp"

namespace qiao::erpnext {

struct ErpnextConfig : platform::CommonSettings {
  Secret key;
  Secret secret;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

inline void describe(Schema<ErpnextConfig>& s) {
  s.required("url", &ErpnextConfig::url).url().doc("Address of the site, e.g. https://erp.example.com");
  s.required("key", &ErpnextConfig::key).doc("API key of the hub's user (User > API Access)");
  s.required("secret", &ErpnextConfig::secret).doc("API secret that belongs to the key");
  platform::describe_common(s);
}

}  // namespace qiao::erpnext
