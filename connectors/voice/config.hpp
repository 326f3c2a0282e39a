#pragma once

#include <map>
#include <string>
#include <vector>

#include "connectors/channel/settings.hpp"

namespace qiao::voice {

enum class System : std::uint8_t { freeswitch, asterisk_ami, asterisk_ari, webhook };
QIAO_ENUM(System, freeswitch, asterisk_ami, asterisk_ari, webhook)

enum class Missed : std::uint8_t { conversation, ticket, both, note };
QIAO_ENUM(Missed, conversation, ticket, both, note)

enum class HookForm : std::uint8_t { qiao, twilio };
QIAO_ENUM(HookForm, qiao, twilio)

struct VoiceConfig : channel::ChannelSettings {
  System system = System::freeswitch;
  std::string host;
  std::int32_t port = 0;
  bool tls = false;
  std::string url;
  std::string user;
  Secret secret;
  std::string app = "qiao";
  std::map<std::string, std::string> agents;
  std::string country = "86";
  bool trust_caller_id = true;

  std::string dial_prefix;
  std::string technology = "PJSIP/{extension}";
  std::string context = "from-internal";
  std::string dial_endpoint = "user/{extension}";
  std::string dial_action = "&bridge(sofia/gateway/default/{number})";
  std::chrono::seconds dial_ring{30};

  Missed missed = Missed::conversation;
  std::string missed_group;
  std::string missed_department;
  std::string recording_url;

  std::chrono::milliseconds heartbeat{30000};
  std::chrono::milliseconds reconnect_first{1000};
  std::chrono::milliseconds reconnect_last{30000};

  HookForm form = HookForm::qiao;
  std::string public_url;
  std::string dial_url;
  std::chrono::seconds tolerance{300};

  [[nodiscard]] std::vector<std::string> addresses() const {
    std::vector<std::string> named;
    if (!url.empty()) named.push_back(url);
    if (!dial_url.empty()) named.push_back(dial_url);
    return named;
  }
  /// Of the line; the system's usual one when none is set.
  [[nodiscard]] std::uint16_t line_port() const {
    if (port != 0) return static_cast<std::uint16_t>(port);
    if (system == System::freeswitch) return 8021;
    return tls ? 5039 : 5038;
  }
};

inline void describe(Schema<VoiceConfig>& s) {
  s.required("system", &VoiceConfig::system)
      .doc("What the telephone exchange speaks: freeswitch (event socket), asterisk_ami, asterisk_ari, or webhook");
  s.optional("host", &VoiceConfig::host).doc("Machine of the exchange, for freeswitch and asterisk_ami");
  s.optional("port", &VoiceConfig::port, 0)
      .range(0, 65535)
      .doc("Its port; 0: the usual one (FreeSWITCH 8021, AMI 5038, with tls 5039)");
  s.optional("tls", &VoiceConfig::tls, false).doc("The line to host is encrypted; asterisk_ari: an https url says so");
  s.optional("url", &VoiceConfig::url)
      .doc("Address of Asterisk's REST interface, e.g. http://pbx.example.com:8088/ari");
  s.optional("user", &VoiceConfig::user).doc("Manager user (AMI) or ARI user");
  s.required("secret", &VoiceConfig::secret)
      .doc("Password of the event socket, the manager user or the ARI user; for webhook what both sides sign with");
  s.optional("app", &VoiceConfig::app, "qiao")
      .pattern("[A-Za-z0-9_-]{1,40}", "letters, digits, - and _")
      .doc("Name under which ARI knows the hub; two hubs at one Asterisk need two");
  s.optional("agents", &VoiceConfig::agents)
      .pattern("[A-Za-z0-9_.+-]{1,40}", "an extension like 1005")
      .doc("Whose phone is which: login of the agent, extension");
  s.optional("country", &VoiceConfig::country, "86")
      .pattern("[1-9][0-9]{0,2}", "a calling code like 86")
      .doc("Calling code of numbers that are shown without one");
  s.optional("trust_caller_id", &VoiceConfig::trust_caller_id, true)
      .doc(
          "The number that a call comes from proves who calls: the call joins the contact with that number. Numbers "
          "can "
          "be forged; false keeps calls apart until an agent joins them, and shows the contact all the same");

  s.optional("dial_prefix", &VoiceConfig::dial_prefix)
      .pattern("[0-9*#]{0,6}", "digits, * and #")
      .doc("Dialled before the number of a customer, e.g. 9 for an outside line");
  s.optional("technology", &VoiceConfig::technology, "PJSIP/{extension}").doc("Asterisk's name of an agent's phone");
  s.optional("context", &VoiceConfig::context, "from-internal").doc("Asterisk's dial plan for calls to customers");
  s.optional("dial_endpoint", &VoiceConfig::dial_endpoint, "user/{extension}")
      .doc("FreeSWITCH's name of an agent's phone");
  s.optional("dial_action", &VoiceConfig::dial_action, "&bridge(sofia/gateway/default/{number})")
      .doc("What FreeSWITCH does when the agent has answered");
  s.optional("dial_ring", &VoiceConfig::dial_ring, std::chrono::seconds(30))
      .range(std::chrono::seconds(5), std::chrono::seconds(120))
      .doc("How long the agent's phone rings after a click to call");

  s.optional("missed", &VoiceConfig::missed, Missed::conversation)
      .doc("What a missed call becomes: conversation (in the queue), ticket, both, or only a note");
  s.optional("missed_group", &VoiceConfig::missed_group).doc("Group whose queue it waits in; empty: routing decides");
  s.optional("missed_department", &VoiceConfig::missed_department).doc("Department of the ticket");
  s.optional("recording_url", &VoiceConfig::recording_url)
      .doc("Where agents hear recordings, with {file} (its name), {path} or {call}; empty: no link is shown");

  s.optional("heartbeat", &VoiceConfig::heartbeat, std::chrono::milliseconds(30000))
      .range(std::chrono::milliseconds(50), std::chrono::milliseconds(120000))
      .doc("How often the exchange is asked whether it is there; silent for twice as long it is not");
  s.optional("reconnect_first", &VoiceConfig::reconnect_first, std::chrono::milliseconds(1000))
      .range(std::chrono::milliseconds(1), std::chrono::milliseconds(30000))
      .doc("Pause before the first new try; each further one is twice as long");
  s.optional("reconnect_last", &VoiceConfig::reconnect_last, std::chrono::milliseconds(30000))
      .range(std::chrono::milliseconds(1), std::chrono::milliseconds(300000))
      .doc("Longest pause between two tries");

  s.optional("form", &VoiceConfig::form, HookForm::qiao).doc("Of webhooks: the hub's own, or Twilio's");
  s.optional("public_url", &VoiceConfig::public_url)
      .doc("The webhook's address as the telephone service calls it; Twilio signs it");
  s.optional("dial_url", &VoiceConfig::dial_url)
      .doc("Where a click to call is posted to, for webhook; empty: not offered");
  s.optional("tolerance", &VoiceConfig::tolerance, std::chrono::seconds(300))
      .range(std::chrono::seconds(10), std::chrono::seconds(3600))
      .doc("How far the time of a signed webhook may be from the hub's");
  channel::describe_common(s, 100.0);

  s.rule("host", [](const VoiceConfig& c) {
    const bool line = c.system == System::freeswitch || c.system == System::asterisk_ami;
    return line && c.host.empty() ? "this system needs the host of the exchange" : "";
  });
  s.rule("url", [](const VoiceConfig& c) {
    if (c.system != System::asterisk_ari) return "";
    const bool good = c.url.starts_with("http://") || c.url.starts_with("https://");
    return good && c.url.find('/', 8) != std::string::npos
               ? ""
               : "asterisk_ari needs a url like http://pbx.example.com:8088/ari";
  });
  s.rule("user", [](const VoiceConfig& c) {
    const bool asterisk = c.system == System::asterisk_ami || c.system == System::asterisk_ari;
    return asterisk && c.user.empty() ? "Asterisk needs a user" : "";
  });
  s.rule("missed_department", [](const VoiceConfig& c) {
    const bool ticket = c.missed == Missed::ticket || c.missed == Missed::both;
    return ticket && c.missed_department.empty() ? "a ticket needs the department that it is for" : "";
  });
  s.rule("public_url", [](const VoiceConfig& c) {
    const bool twilio = c.system == System::webhook && c.form == HookForm::twilio;
    return twilio && c.public_url.empty() ? "Twilio's signature needs the address as it was entered there" : "";
  });
}

}  // namespace qiao::voice
