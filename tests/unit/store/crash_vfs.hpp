#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>

namespace qiao::core {

/// A disk whose power is cut: a file layer for SQLite, named "qiao-crash", that knows what has been synced. What was
/// written since survives in part: any sectors of 512 bytes, in any order.
struct CrashVfs {
  static void install();
  /// Forgets all files; `on_event` is called before each write, sync and truncation, one at a time. It may call `cut`.
  static void reset(std::function<void(std::uint64_t event)> on_event);
  /// Leaves in `folder` what a power cut at this moment could leave on the disk. Only from within `on_event`.
  static void cut(const std::filesystem::path& folder, std::uint64_t seed);
};

}  // namespace qiao::core
