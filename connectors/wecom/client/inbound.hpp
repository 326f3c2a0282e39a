#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/channel/wire.hpp"
#include "qiao/contract/conversation.hpp"
#include "qiao/result.hpp"

/// \file
/// What 微信客服 tells: callbacks, and pages of messages and events. Reads strangers' bytes; knows no hub.

namespace qiao::wecom {

using channel::clip;

/// Customers of one company are the same person in all of its accounts, but are answered from the one they wrote to.
struct Customer {
  std::string external_userid;
  std::string open_kfid;
};
/// "external_userid@open_kfid", the hub's id of the customer.
std::string user_of(const Customer& customer);
Result<Customer> customer_of(std::string_view user);

struct Callback {
  std::string event;  ///< kf_msg_or_event, kf_account_auth_change, …
  std::string token;  ///< for the pull
  std::string open_kfid;
};
/// The text of the Encrypt element. Errors: `channel.xml`.
Result<std::string> read_envelope(std::string_view xml);
/// The decrypted message. Errors: `channel.xml`.
Result<Callback> read_callback(std::string_view xml);

enum class Origin { other = 0, customer = 3, system = 4, servicer = 5 };

/// One message or event of a page.
struct Item {
  std::string id;
  Customer customer;
  Origin origin = Origin::other;
  Time at;
  std::string type;           ///< text, image, …, event
  contract::Content content;  ///< texts and cards
  std::string media_id;       ///< to be fetched: image, voice, video, file
  std::string menu_id;        ///< the customer tapped this entry of a menu
  std::string servicer;       ///< userid of the employee who wrote, or is concerned
  // of events
  std::string event;
  std::string scene;
  std::string scene_param;
  std::string welcome_code;
  std::string about;  ///< msgid that failed or was recalled
  int detail = 0;     ///< fail_type, change_type, status
};

struct Page {
  std::vector<Item> items;
  std::string next_cursor;
  bool more = false;
};
/// `english`: the language of what agents read. Errors: `wecom.bad_answer`. An answer with an errcode is no page.
Result<Page> read_page(std::string_view body, bool english);

/// What agents read about an event; empty: nothing worth a note.
std::string event_text(const Item& item, bool english);
/// Why a message that was accepted at first did not arrive.
std::string failure_text(int fail_type, bool english);

}  // namespace qiao::wecom
