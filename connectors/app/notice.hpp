#pragma once

#include "connectors/app/client/push.hpp"
#include "connectors/app/config.hpp"
#include "qiao/contract/conversation.hpp"

namespace qiao::app {

/// What a device shows for `message`, the newest of `unread` ones: in the device's language, and without the message's
/// text unless the operator wants it there.
Notice notice_of(const AppConfig& config, const Device& device, const contract::MessageView& message, int unread,
                 Time now);

/// Whether it is within the hours "22:00-08:00" at a place `utc_offset` minutes ahead of UTC.
bool quiet_now(const std::string& hours, Time now, std::int32_t utc_offset);

}  // namespace qiao::app
