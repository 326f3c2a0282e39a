#pragma once

#include "qiao/contract/conversation.hpp"

/// \file
/// What channels say about themselves, so that the inbox and the workspace adapt to them.

namespace qiao::contract {

/// What a channel can carry. Served by every channel instance; one answer an instance.
struct ChannelCapabilities {
  std::string platform;  ///< "web", "wechat", "email" …: names the icon
  std::string title;     ///< what the operator calls the instance; empty: the platform's name in the reader's language
  /// What can be sent as itself: image, voice, video, file, link, location, mini_program, buttons. Text always. The
  /// rest becomes a link and a note.
  std::vector<std::string> kinds;
  std::int32_t max_text = 0;   ///< characters of one message on the platform; longer ones are split; 0: no limit
  std::int64_t max_file = 0;   ///< bytes; larger ones become a link; 0: no limit
  bool public_thread = false;  ///< everybody can read what is written here
  bool typing = false;         ///< the customer can be shown that somebody is typing
  bool delivered = false;      ///< the platform tells when a message arrived
  bool read = false;           ///< and when it was read
  /// After a customer's message free text may be sent for so long; 0: always.
  std::chrono::seconds window{0};
  std::int32_t window_messages = 0;  ///< and so many messages; 0: any number
  std::vector<std::string> notices;  ///< keys of Content::notice that get through outside the window
};
QIAO_FIELDS(ChannelCapabilities, platform, title, kinds, max_text, max_file, public_thread, typing, delivered, read,
            window, window_messages, notices)

struct DescribeChannel {};
QIAO_FIELDS(DescribeChannel)
QIAO_REQUEST_MANY(DescribeChannel, ChannelCapabilities, "channel.describe", 1)

/// Whether one customer can be written to now.
struct ChannelWindow {
  bool limited = false;         ///< false: always open, the rest says nothing
  bool open = true;             ///< free text gets through
  Time until;                   ///< when it closes
  std::int32_t remaining = -1;  ///< messages left; -1: any number
};
QIAO_FIELDS(ChannelWindow, limited, open, until, remaining)

/// Asked of one channel by its instance name (RequestOptions::to). Served by channels with a window.
struct GetChannelWindow {
  std::string user;
};
QIAO_FIELDS(GetChannelWindow, user)
QIAO_REQUEST_MANY(GetChannelWindow, ChannelWindow, "channel.window", 1)

/// A connector needs a person: credentials revoked, an account blocked, a quota used up. Published once when it starts
/// and once, with `over`, when it ends.
struct ConnectorAlert {
  std::string instance;
  std::string id;    ///< "channel.token", "channel.quota" …
  std::string says;  ///< what is wrong and what to do, for a supervisor
  bool over = false;
  Time at;
};
QIAO_FIELDS(ConnectorAlert, instance, id, says, over, at)
QIAO_EVENT(ConnectorAlert, "connector.alert", 1)

}  // namespace qiao::contract
