#pragma once

#include "connectors/channel/settings.hpp"
#include "connectors/common/mapping.hpp"
#include "connectors/common/rest.hpp"

namespace qiao::webhook {

using namespace std::chrono_literals;

/// How the platform signs what it posts.
struct SignatureSettings {
  std::vector<Secret> secrets;
  std::string header = "X-Signature";
  std::string prefix;
  bool base64 = false;
  std::string sign = "{body}";
  std::string time_header;
  std::chrono::seconds tolerance = 300s;
};

struct IncomingSettings {
  SignatureSettings signature;
  std::string events;
  common::Fields fields;
  std::optional<common::ListMap> files;
  bool proven = false;
  std::string answer = "{}";
  Bytes max_body = 1_MB;
};

struct OutgoingSettings {
  std::string url;
  common::AuthSettings auth;
  std::map<std::string, std::string> headers;
  common::SuccessSettings success;
  common::CallSettings text;
  std::optional<common::CallSettings> file;
  std::vector<std::string> kinds = {"image", "voice", "video", "file"};
  std::optional<common::CallSettings> typing;
  std::optional<common::CallSettings> test;
  std::string id;
};

struct WebhookConfig : channel::ChannelSettings {
  std::string platform = "webhook";
  std::int32_t max_text = 0;
  Bytes max_file = 10_MB;
  std::string country = "86";
  std::int32_t utc_offset = 8;
  IncomingSettings in;
  OutgoingSettings out;

  [[nodiscard]] common::Locale locale() const { return {country, utc_offset}; }
  [[nodiscard]] std::vector<std::string> addresses() const {
    return out.auth.token_url.empty() ? std::vector{out.url} : std::vector{out.url, out.auth.token_url};
  }
};

inline void describe(Schema<SignatureSettings>& s) {
  s.required("secrets", &SignatureSettings::secrets)
      .max_items(2)
      .doc("What is shared with the platform; two while the secret is being changed: both count");
  s.optional("header", &SignatureSettings::header)
      .pattern("[A-Za-z0-9-]{1,64}", "the name of a header")
      .doc("The header with the signature");
  s.optional("prefix", &SignatureSettings::prefix).doc("What stands before the signature in its header, e.g. sha256=");
  s.optional("base64", &SignatureSettings::base64).doc("The signature is written in Base64, else hexadecimal");
  s.optional("sign", &SignatureSettings::sign)
      .doc("What is signed with HMAC-SHA256, of {body} and {time}, e.g. {time}.{body}");
  s.optional("time_header", &SignatureSettings::time_header)
      .pattern("[A-Za-z0-9-]{1,64}", "the name of a header")
      .doc("The header with {time}, seconds or milliseconds since 1970");
  s.optional("tolerance", &SignatureSettings::tolerance)
      .range(10s, 24h)
      .doc("How far {time} may be from now; older calls are refused");
  s.rule("secrets", [](const SignatureSettings& a) { return a.secrets.empty() ? "expected one or two secrets" : ""; });
  s.rule("sign", [](const SignatureSettings& a) {
    const bool timed = a.sign.find("{time}") != std::string::npos;
    return a.sign.find("{body}") == std::string::npos ? "{body} must be signed"
           : timed != !a.time_header.empty()          ? "{time} and time_header need each other"
                                                      : "";
  });
}

inline void describe(Schema<IncomingSettings>& s) {
  s.section("signature", &IncomingSettings::signature).doc("How the platform signs its calls");
  s.optional("events", &IncomingSettings::events)
      .doc("Pointer to the list of events in a call; empty: the call is one event");
  s.required("fields", &IncomingSettings::fields)
      .doc(
          "Where the fields of an event stand: kind (message, receipt, read, typing, event; anything else is passed "
          "over), id, user, user_name, text, language, site, at, typing; of a receipt message, state, detail; who it "
          "is: phone, email, unionid, app_user, attributes.NAME");
  s.optional("files", &IncomingSettings::files).doc("The files of a message: rows, and fields url or base64, and name");
  s.optional("proven", &IncomingSettings::proven)
      .doc("The platform has verified phone, email, unionid and app_user, so they may join contacts");
  s.optional("answer", &IncomingSettings::answer).doc("What the platform wants to read when a call was taken");
  s.optional("max_body", &IncomingSettings::max_body)
      .range(1_KB, 32_MB)
      .doc("Largest call; raise it for files in Base64");
}

inline void describe(Schema<OutgoingSettings>& s) {
  s.required("url", &OutgoingSettings::url).url().doc("Base URL of the platform's interface");
  s.section("auth", &OutgoingSettings::auth).doc("How the hub proves itself there");
  s.optional("headers", &OutgoingSettings::headers).doc("Headers of every call");
  s.section("success", &OutgoingSettings::success).doc("For platforms that answer errors with status 200");
  s.section("text", &OutgoingSettings::text)
      .doc(
          "Sends a text. Names: {user}, {text}, {key} (the same in every try), {conversation}, {message}, {author} "
          "(agent, bot, system), {author_name}");
  s.optional("file", &OutgoingSettings::file)
      .doc(
          "Sends a file; also {file_kind}, {file_name}, {file_type}, {file_size}, and {file_url} or {file_data}. "
          "Without "
          "it files become links");
  s.optional("kinds", &OutgoingSettings::kinds).doc("Kinds of files that it takes: image, voice, video, file");
  s.optional("typing", &OutgoingSettings::typing).doc("Tells the customer that somebody types; {user}, {on}");
  s.optional("test", &OutgoingSettings::test).doc("A call that succeeds when address and credentials are right");
  s.optional("id", &OutgoingSettings::id)
      .doc("Pointer to the platform's id of a message in its answer; receipts name it");
}

inline void describe(Schema<WebhookConfig>& s) {
  s.optional("platform", &WebhookConfig::platform)
      .pattern("[a-z0-9-]{1,32}", "a short name of small letters")
      .doc("Names the icon that agents see");
  s.optional("max_text", &WebhookConfig::max_text)
      .range(0, 100000)
      .doc("Characters of one message on the platform; longer texts are split; 0: no limit");
  s.optional("max_file", &WebhookConfig::max_file).doc("Larger files become links");
  s.optional("country", &WebhookConfig::country)
      .pattern("[0-9]{1,4}", "a calling code, e.g. 86")
      .doc("Calling code for telephone numbers without one");
  s.optional("utc_offset", &WebhookConfig::utc_offset)
      .range(-12, 14)
      .doc("Hours ahead of UTC, for times that come without a zone");
  s.section("in", &WebhookConfig::in).doc("What the platform posts to /hooks/INSTANCE");
  s.section("out", &WebhookConfig::out).doc("How messages are sent to the platform");
  channel::describe_common(s, 10);
}

}  // namespace qiao::webhook
