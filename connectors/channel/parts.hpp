#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "connectors/channel/platform.hpp"

namespace qiao::channel {

/// Splits a text into pieces of at most `most` characters (code points), at ends of paragraphs, sentences, clauses or
/// words where there is one in the last two thirds of a piece, never inside a character that is written as several code
/// points. `most` 0: one piece.
std::vector<std::string> split_text(std::string_view text, std::size_t most);

/// What one message becomes on a platform: text (split), its files, cards and buttons where the platform has them. What
/// it has not becomes text: a file the link that `link` gives (or its name, when there is none), a card its title and
/// address, buttons a numbered list.
std::vector<Part> parts_of(const contract::MessageOutgoing& message, const contract::ChannelCapabilities& can,
                           const std::function<std::string(Id file)>& link);

/// The same as one part: for a platform with whole_messages.
Part whole_of(const contract::MessageOutgoing& message, const contract::ChannelCapabilities& can,
              const std::function<std::string(Id file)>& link);

/// The notice in place of the whole message, when free text is not allowed; it has its own idempotency key.
Part notice_of(const contract::MessageOutgoing& message, std::string notice, std::map<std::string, std::string> values);

/// The text that stands for a part which the platform refused.
Part as_text(const Part& part, const std::function<std::string(Id file)>& link);

/// What the hub itself says about queues and who serves (values["service"]: queued, assigned, reopened, resolved), as
/// against answers, promises and what became of a ticket.
bool about_service(const contract::MessageView& message);

/// "image", "voice", "video" or "file" of a media type.
std::string file_kind(std::string_view media_type);

}  // namespace qiao::channel
