#pragma once

#include "qiao/message.hpp"

/// \file
/// Keys with which partners read stock, for the operator's command line. Everything about them is in the plugin
/// `partners`; its REST interface knows more.

namespace qiao::contract {

struct PartnerKeyView {
  Id id;
  std::string name;
  std::string kind;    ///< "server", "browser"
  std::string state;   ///< "active", "expired", "revoked"
  std::string prefix;  ///< of the secret
  std::vector<std::string> skus;
  std::vector<std::string> origins;
  Time created_at;
  Time last_used_at;  ///< 1970: never
};
QIAO_FIELDS(PartnerKeyView, id, name, kind, state, prefix, skus, origins, created_at, last_used_at)

struct PartnerKeyViews {
  std::vector<PartnerKeyView> keys;  ///< newest first
};
QIAO_FIELDS(PartnerKeyViews, keys)

struct ListPartnerKeys {
  bool revoked = false;  ///< those too
};
QIAO_FIELDS(ListPartnerKeys, revoked)
QIAO_REQUEST(ListPartnerKeys, PartnerKeyViews, "partners.list_keys", 1)

struct MadePartnerKey {
  Id id;
  std::string secret;  ///< told here and never again
};
QIAO_FIELDS(MadePartnerKey, id, secret)

struct MakePartnerKey {
  std::string name;
  bool browser = false;
  std::vector<std::string> scopes;  ///< none: stock.read
  std::vector<std::string> origins;
  std::vector<std::string> skus;
};
QIAO_FIELDS(MakePartnerKey, name, browser, scopes, origins, skus)
QIAO_REQUEST(MakePartnerKey, MadePartnerKey, "partners.make_key", 1)

/// By the id, or by as much of the secret's beginning as is shown.
struct RevokePartnerKey {
  std::string key;
};
QIAO_FIELDS(RevokePartnerKey, key)
QIAO_REQUEST(RevokePartnerKey, PartnerKeyView, "partners.revoke_key", 1)

}  // namespace qiao::contract
