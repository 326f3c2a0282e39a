#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/channel/wire.hpp"
#include "qiao/contract/conversation.hpp"
#include "qiao/result.hpp"

/// \file
/// What Douyin tells: signed webhooks and lists of comments. Reads strangers' bytes; knows no hub.

namespace qiao::douyin {

using channel::clip;

/// Ids of the inbox are at most 128 bytes.
std::string short_id(const std::string& id);

/// X-Douyin-Signature of a body.
std::string signature(std::string_view client_secret, std::string_view raw_body);

/// A comment under a video, or a reply to one.
struct Comment {
  std::string id;
  std::string item;
  std::string user;
  std::string name;
  std::string text;
  Time at;
  std::int64_t replies = 0;
};

/// A private message, as far as its kind has it.
struct Message {
  std::string id;
  std::string conversation;
  Time at;
  std::string type;
  std::string text;
  std::string media_url;
  std::string item;  ///< a video that was shared
  std::vector<std::pair<std::string, std::string>> form;
  std::string source;       ///< of im_enter_direct_msg: where the customer came from
  std::int64_t status = 0;  ///< of im_authorize
};

struct Webhook {
  std::string event;
  std::string client_key;
  std::string from;
  std::string to;
  std::string from_name;
  std::string challenge;  ///< of verify_webhook: the answer's body, with the challenge as the type that came
  Message message;        ///< of im_…
  Comment comment;        ///< of item_comment_reply
};
/// Errors: `douyin.bad_answer`.
Result<Webhook> read_webhook(std::string_view body);

struct Comments {
  std::vector<Comment> list;
  std::string cursor;
  bool more = false;
};
/// The `data` of a list of comments, or of replies. Errors: `douyin.bad_answer`.
Result<Comments> read_comments(std::string_view body, const std::string& item);

/// What agents read about a comment that has no text.
std::string comment_text(const Comment& comment, bool english);
/// The text of a private message without its file; empty when the file is all.
std::string message_text(const Message& message, bool english);
/// What agents read about an event that is no message; empty: nothing worth a note.
std::string event_text(const Webhook& hook, bool english);

}  // namespace qiao::douyin
