#pragma once

#include <string>
#include <string_view>

#include "qiao/contract/conversation.hpp"

namespace qiao::wechat {

/// What the platform posted: a message of a customer or an event, from XML or JSON. Fields that the kind has not are
/// empty; numbers stay texts.
struct Incoming {
  std::string type;
  std::string id;  ///< MsgId; events have none
  std::string from;
  std::string to;
  std::int64_t created = 0;  ///< seconds since 1970
  std::string text;
  std::string choice;  ///< bizmsgmenuid: the item of a menu of ours that was tapped
  std::string media;
  std::string picture;
  std::string format;
  std::string recognised;  ///< what the platform heard in a voice message
  std::string latitude, longitude, label;
  std::string title, description, url;
  std::string app_id, page;
  std::string event, event_key, status, about, session_from;

  [[nodiscard]] bool is_event() const { return type == "event"; }
  /// The customer sent a file, which has to be fetched.
  [[nodiscard]] bool has_media() const {
    return type == "image" || type == "voice" || type == "video" || type == "shortvideo";
  }
};

/// Reads a decrypted callback. Errors: `wechat.bad_message`.
Result<Incoming> read_message(std::string_view body);

/// What tells a repetition from a new message: the MsgId; of an event a digest of customer, time, event and key.
std::string external_id(const Incoming& m);

/// What a message says without its file.
contract::Content content_of(const Incoming& m, bool english);

/// What agents read about an event; empty: it is of no interest to them.
std::string event_note(const Incoming& m, bool english);

/// A name for the file of a message, with the ending of its kind.
std::string file_name(const Incoming& m);

}  // namespace qiao::wechat
