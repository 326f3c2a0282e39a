#pragma once

#include <filesystem>

#include "qiao/result.hpp"

namespace qiao::core {

/// Keeps a second hub out of a data folder, for as long as this object or this process lives.
class FolderLock {
 public:
  /// Fails at once with `store.locked` and the other process's id when somebody holds it.
  static Result<FolderLock> take(const std::filesystem::path& folder);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace qiao::core
