#pragma once

#include <string>

#include "qiao/result.hpp"

namespace qiao::core {

/// Loads a library of the hub's own, e.g. "libqiao-outbound.so", from the folder of libqiao-sdk.so, once; it stays.
/// Null when there is no such file; `library.load_failed` with the linker's reason. Any thread.
///
/// By its path, because a name is looked for where the caller of dlopen() says, which is not the hub under a sanitizer.
Result<void*> load_own_library(const std::string& name);

}  // namespace qiao::core
