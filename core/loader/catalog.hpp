#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/loader/generation.hpp"
#include "core/loader/library_peek.hpp"

namespace qiao::core {

/// The plugins that lie in the plugin folders: which there are, what they say about themselves, and which libraries
/// were refused and why. Looking runs no code of any of them; `open` loads one. Controller thread only.
class PluginCatalog {
 public:
  struct Entry {
    std::filesystem::path library;  ///< where it lies
    LibraryCopy copy;               ///< what would be loaded
    LibraryPeek about;
    std::size_t folder = 0;  ///< index into the folders; 0 is the hub's own
  };
  struct Refusal {
    std::filesystem::path library;
    Error error;
  };

  /// Folders are searched in order; the first is the hub's own.
  PluginCatalog(CopyStore& copies, std::vector<std::filesystem::path> folders);

  /// Looks at the folders anew. Libraries that were replaced show with their new hash. Of two libraries with one name
  /// in one folder neither is taken (`plugin.duplicate`); of two in different folders the first folder's.
  void scan();

  /// Takes one library, from wherever it lies, in place of any other with its name; its name.
  Result<std::string> take(const std::filesystem::path& library);

  [[nodiscard]] const std::map<std::string, Entry, std::less<>>& entries() const noexcept { return entries_; }
  [[nodiscard]] const std::vector<Refusal>& refusals() const noexcept { return refusals_; }
  /// Null when there is no such plugin.
  [[nodiscard]] const Entry* find(std::string_view plugin) const;
  /// The code of a plugin as it lies there now. Errors: `plugin.unknown` with the nearest name, why its library was
  /// refused, or what Generation::load says.
  Result<Generation*> open(std::string_view plugin);

 private:
  void look_at(const std::filesystem::path& library, std::size_t folder);
  void refuse(const std::filesystem::path& library, const Error& error);

  CopyStore& copies_;
  std::vector<std::filesystem::path> folders_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<Refusal> refusals_;
  std::set<std::string> ambiguous_;
};

}  // namespace qiao::core
