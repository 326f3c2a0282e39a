#include "core/observe/own_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "qiao/id.hpp"

namespace qiao::core {

Result<void*> load_own_library(const std::string& name) {
  Dl_info sdk{};
  if (::dladdr(reinterpret_cast<const void*>(&new_id), &sdk) == 0 || sdk.dli_fname == nullptr) return nullptr;
  std::error_code none;
  const std::filesystem::path file = std::filesystem::path(sdk.dli_fname).parent_path() / name;
  if (!std::filesystem::exists(file, none)) return nullptr;
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library != nullptr) return library;
  const char* said = ::dlerror();  // NOLINT(concurrency-mt-unsafe): of this thread
  return Error{Errc::unavailable, "library.load_failed",
               said != nullptr ? said : fmt::format("{} cannot be loaded", name)};
}

}  // namespace qiao::core
