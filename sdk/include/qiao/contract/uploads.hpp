#pragma once

#include "qiao/message.hpp"

/// \file
/// What becomes of uploads that nobody sent.

namespace qiao::contract {

struct UploadsInUse {
  std::vector<Id> files;  ///< of those that were asked about
};
QIAO_FIELDS(UploadsInUse, files)

/// Which of these uploads are referred to: `web` asks everybody before it removes what is left over, and removes
/// nothing unless all who serve this answered. Whoever keeps ids of uploads serves it.
struct AskUploadsInUse {
  std::vector<Id> files;
};
QIAO_FIELDS(AskUploadsInUse, files)
QIAO_REQUEST_MANY(AskUploadsInUse, UploadsInUse, "files.in_use", 1)

}  // namespace qiao::contract
