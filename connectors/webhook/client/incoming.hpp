#pragma once

#include <nlohmann/json.hpp>

#include "connectors/webhook/config.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/http.hpp"

namespace qiao::webhook {

using common::Json;

/// One event of the platform, as the mapping filled it.
struct Incoming {
  std::string kind = "message";
  std::string id;
  std::string user;
  std::string user_name;
  std::string text;
  std::string language;
  std::string site;
  Time at;
  std::string typing;   ///< "false", "0", "no" and "off" end it
  std::string message;  ///< of a receipt: the platform's id
  std::string state;    ///< sent, delivered, read, failed
  std::string detail;
  std::string phone;
  std::string email;
  std::string unionid;
  std::string app_user;
  std::map<std::string, std::string> attributes;
};
QIAO_FIELDS(Incoming, kind, id, user, user_name, text, language, site, at, typing, message, state, detail, phone, email,
            unionid, app_user, attributes)

struct IncomingFile {
  std::string url;
  std::string base64;
  std::string name;
};
QIAO_FIELDS(IncomingFile, url, base64, name)

struct Event {
  Incoming what;
  std::vector<IncomingFile> files;
  std::size_t more_files = 0;  ///< beyond what one message takes
};

/// Whether a call is signed as the settings say. Errors: `webhook.signature`, `webhook.too_old` (unauthorized).
Result<void> check_signature(const SignatureSettings& settings, const HttpRequest& request, Time now);
/// The signature of a call: what check_signature compares with.
std::string signature_of(const SignatureSettings& settings, std::size_t secret, std::string_view body,
                         std::string_view time);

/// The mapping of incoming calls, checked once.
class Reader {
 public:
  static Result<Reader> compile(const IncomingSettings& settings, const common::Locale& locale);
  /// The events of a call's body. `bad_value` when it is no JSON, or there is no list of events where one should be.
  [[nodiscard]] Result<std::vector<Json>> events(std::string_view body) const;
  /// One event. `bad_value` names the field that does not fit.
  [[nodiscard]] Result<Event> read(const Json& event) const;

 private:
  common::FieldMap fields_;
  common::FieldMap file_fields_;
  std::string events_at_;
  std::string files_at_;
  bool files_ = false;
};

/// Who the customer is, by what the platform says.
std::vector<contract::Claim> claims_of(const Incoming& event, bool proven);

}  // namespace qiao::webhook
