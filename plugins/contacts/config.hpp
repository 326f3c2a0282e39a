#pragma once

#include "qiao/config.hpp"

namespace qiao::contacts {

using namespace std::chrono_literals;

/// Whether an equal claim joins two contacts by itself.
enum class JoinBy : std::uint8_t { off, verified };
QIAO_ENUM(JoinBy, off, verified)

struct MergeRules {
  JoinBy phone = JoinBy::verified;
  JoinBy email = JoinBy::verified;
  bool unionid = true;
  bool app_user = true;
};

inline void describe(Schema<MergeRules>& s) {
  s.optional("phone", &MergeRules::phone)
      .doc("Equal phone numbers that both are proven (a signed identity, a login) make two contacts one; off: never");
  s.optional("email", &MergeRules::email).doc("The same for e-mail addresses");
  s.optional("unionid", &MergeRules::unionid).doc("One WeChat UnionID, as the platform says it, is one contact");
  s.optional("app_user", &MergeRules::app_user).doc("One user id of the company's own app, signed, is one contact");
}

struct RetentionRules {
  std::optional<std::chrono::hours> inactive;
};

inline void describe(Schema<RetentionRules>& s) {
  s.optional("inactive", &RetentionRules::inactive)
      .range(24h, 24h * 3650)
      .doc(
          "Contacts that were not seen for so long are erased with everything about them, each night; left out: never");
}

enum class WriteBack : std::uint8_t { conversation, ticket };
QIAO_ENUM(WriteBack, conversation, ticket)

struct ContactsConfig {
  std::string default_country = "86";
  MergeRules merge;
  RetentionRules retention;
  std::chrono::milliseconds crm_deadline = 800ms;
  std::vector<WriteBack> write_back;
  bool sync_tags = false;
  std::string preferences = "preferences";
};

inline void describe(Schema<ContactsConfig>& s) {
  s.optional("default_country", &ContactsConfig::default_country)
      .pattern("[1-9][0-9]{0,2}", "a country calling code without +, e.g. 86")
      .doc("Calling code of phone numbers that are written without one");
  s.optional("merge", &ContactsConfig::merge).doc("What makes two contacts one by itself; a name never does");
  s.optional("retention", &ContactsConfig::retention).doc("How long contacts are kept");
  s.optional("crm_deadline", &ContactsConfig::crm_deadline)
      .range(50ms, 900ms)
      .doc("How long CRMs may take to answer; then what they said last is shown with its age");
  s.optional("write_back", &ContactsConfig::write_back)
      .doc("What is noted in the CRMs when it is over: conversation, ticket");
  s.optional("sync_tags", &ContactsConfig::sync_tags).doc("Tags that agents give and take are told to the CRMs");
  s.optional("preferences", &ContactsConfig::preferences)
      .max_length(64)
      .doc("The attribute whose text stands in the summary line as what the customer prefers");
}

}  // namespace qiao::contacts
