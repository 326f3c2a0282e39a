#include "core/store/mysql/engine.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

namespace qiao::core::mysql {

Result<const Engine*> engine() {
  // Found as libqiao-sdk.so is: where the hub's own libraries lie. Loading it again gives the same handle.
  void* library = ::dlopen("libqiao-store-mysql.so", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  const void* found = library ? ::dlsym(library, "qiao_mysql_engine") : nullptr;
  if (!found) {
    const char* said = ::dlerror();
    return Error{Errc::unavailable, "store.no_mysql",
                 fmt::format("the part of the hub that speaks to MySQL servers cannot be loaded: {}; install it beside "
                             "libqiao-sdk.so",
                             said ? said : "it offers nothing")};
  }
  return static_cast<const Engine*>(found);
}

}  // namespace qiao::core::mysql
