#include "core/store/mysql/engine.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include "core/observe/own_library.hpp"

namespace qiao::core::mysql {

Result<const Engine*> engine() {
  const auto library = load_own_library("libqiao-store-mysql.so");
  const void* found = library && *library != nullptr ? ::dlsym(*library, "qiao_mysql_engine") : nullptr;
  if (found != nullptr) return static_cast<const Engine*>(found);
  return Error{
      Errc::unavailable, "store.no_mysql",
      fmt::format("the part of the hub that speaks to MySQL servers, libqiao-store-mysql.so, cannot be loaded; "
                  "install it beside libqiao-sdk.so{}{}",
                  library ? "" : ": ", library ? "" : library.error().message)};
}

}  // namespace qiao::core::mysql
