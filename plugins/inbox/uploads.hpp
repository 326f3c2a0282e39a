#pragma once

#include "plugins/inbox/records.hpp"
#include "qiao/contract/uploads.hpp"

namespace qiao::inbox {

/// Which of these uploads stand in a message. Looks through the messages since the oldest of them, some at a time; an
/// error says that nothing is certain. Waits.
[[nodiscard]] Result<contract::UploadsInUse> uploads_in_use(Database& store, const Records& records,
                                                            const contract::AskUploadsInUse& q);

}  // namespace qiao::inbox
