#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "qiao/plugin.hpp"
#include "qiao/result.hpp"

namespace qiao::core {

/// A private, read-only copy of a library, named by the SHA-256 of its bytes.
struct LibraryCopy {
  std::filesystem::path file;
  std::string sha256;
};

/// Makes private copies of plugin libraries. A library is never loaded from where it lies: the same path may hold other
/// bytes tomorrow, writing over a loaded library kills the process, and a name that is already loaded gives the old
/// code.
///
/// What was copied once is recognised by device, inode, size and times, so that a start with unchanged libraries reads
/// none of them. Controller thread only.
class CopyStore {
 public:
  /// `folder` is created with access for this user only.
  explicit CopyStore(std::filesystem::path folder);
  CopyStore(const CopyStore&) = delete;
  CopyStore& operator=(const CopyStore&) = delete;

  /// The copy of `library` as it is now. Errors: `plugin.not_a_library`, `plugin.copy_failed`.
  Result<LibraryCopy> take(const std::filesystem::path& library);
  /// Writes down what is known and deletes the copies whose hash is not in `wanted`.
  void settle(const std::set<std::string>& wanted);

 private:
  struct Known {
    std::string fingerprint;
    std::string sha256;
  };
  void load_index();

  std::filesystem::path folder_;
  std::map<std::string, Known> known_;  // by the library's path
  bool changed_ = false;
};

class Generation;

/// Keeps a generation from counting as unused. Copyable, any thread.
class Lease {
 public:
  Lease() = default;
  explicit Lease(Generation& generation);
  Lease(const Lease& other);
  Lease(Lease&& other) noexcept : generation_(std::exchange(other.generation_, nullptr)) {}
  Lease& operator=(Lease other) noexcept {
    std::swap(generation_, other.generation_);
    return *this;
  }
  ~Lease();
  [[nodiscard]] Generation* get() const noexcept { return generation_; }
  Generation* operator->() const noexcept { return generation_; }
  explicit operator bool() const noexcept { return generation_ != nullptr; }

 private:
  Generation* generation_ = nullptr;
};

/// One loaded copy of a plugin's code. Loaded once per content and process and never unloaded: `dlclose` reports
/// success while a thread_local keeps the library mapped, and messages, timers and sockets may hold its code long after
/// its instances went. Without a lease it is parked: mapped, idle, and taken up again should the same bytes return.
class Generation {
 public:
  struct DestroyPlugin {
    void (*destroy)(Plugin*);
    void operator()(Plugin* plugin) const { destroy(plugin); }
  };
  using PluginPtr = std::unique_ptr<Plugin, DestroyPlugin>;

  /// Loads a copy, or finds it loaded. `peek_library` has approved it before. Errors: `plugin.load_failed` with what
  /// the dynamic linker said, `plugin.threw`. Any thread.
  static Result<Generation*> load(const LibraryCopy& copy);
  /// How many loaded generations have no lease.
  static std::size_t parked();
  /// How many are loaded at all.
  static std::size_t loaded();

  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  [[nodiscard]] const PluginDescriptor& descriptor() const noexcept { return *descriptor_; }
  [[nodiscard]] const Manifest& manifest() const noexcept { return manifest_; }
  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }
  /// The first characters of the hash, as shown to people.
  [[nodiscard]] std::string short_hash() const { return sha256_.substr(0, 12); }
  [[nodiscard]] Lease lease() { return Lease(*this); }
  [[nodiscard]] std::size_t leases() const noexcept { return leases_.load(std::memory_order_acquire); }
  /// A fresh plugin object; its constructor does nothing by contract. May throw what the plugin throws.
  [[nodiscard]] PluginPtr create() const { return PluginPtr(descriptor_->create(), {descriptor_->destroy}); }

 private:
  friend class Lease;
  Generation() = default;

  const PluginDescriptor* descriptor_ = nullptr;
  Manifest manifest_;
  std::string sha256_;
  std::atomic<std::size_t> leases_{0};
};

}  // namespace qiao::core
