#include "core/loader/catalog.hpp"

#include "core/observe/own_library.hpp"

namespace qiao::core {

namespace fs = std::filesystem;

namespace {

/// Loads what lies beside the hub and only some plugins need. The dynamic linker would look for it beside the private
/// copy of the plugin, but gives the plugin what is loaded under that name already.
Result<void> load_companions(const LibraryPeek& about) {
  for (const std::string& name : about.companions) {
    if (auto loaded = load_own_library(name); !loaded) {
      return Error{Errc::unavailable, "plugin.load_failed",
                   fmt::format("it needs {}: {}", name, loaded.error().message)};
    }
  }
  return {};
}

}  // namespace

PluginCatalog::PluginCatalog(CopyStore& copies, std::vector<fs::path> folders)
    : copies_(copies), folders_(std::move(folders)) {}

void PluginCatalog::refuse(const fs::path& library, const Error& error) {
  refusals_.push_back(
      {library, Error{error.code, std::string(error.name()), fmt::format("{}: {}", library.string(), error.message)}});
}

void PluginCatalog::look_at(const fs::path& library, std::size_t folder) {
  auto copy = copies_.take(library);
  if (!copy) return refuse(library, copy.error());
  auto about = peek_library(copy->file);
  if (!about) return refuse(library, about.error());

  auto found = entries_.find(about->name);
  if (found == entries_.end()) {
    std::string name = about->name;
    entries_.emplace(std::move(name), Entry{library, std::move(*copy), std::move(*about), folder});
    return;
  }
  const Entry& other = found->second;
  const Error duplicate{Errc::conflict, "plugin.duplicate",
                        fmt::format("its name \"{}\" is also that of {}", about->name, other.library.string())};
  refuse(library, duplicate);
  if (other.folder == folder) {
    refuse(other.library, Error{Errc::conflict, "plugin.duplicate",
                                fmt::format("its name \"{}\" is also that of {}", about->name, library.string())});
    ambiguous_.insert(about->name);
  }
}

Result<std::string> PluginCatalog::take(const fs::path& library) {
  auto copy = copies_.take(library);
  if (!copy) return copy.error();
  auto about = peek_library(copy->file);
  if (!about) {
    return Error{about.error().code, std::string(about.error().name()),
                 fmt::format("{}: {}", library.string(), about.error().message)};
  }
  std::string name = about->name;
  entries_.insert_or_assign(name, Entry{library, std::move(*copy), std::move(*about), folders_.size()});
  return name;
}

void PluginCatalog::scan() {
  entries_.clear();
  refusals_.clear();
  ambiguous_.clear();
  for (std::size_t folder = 0; folder < folders_.size(); ++folder) {
    std::vector<fs::path> libraries;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folders_[folder], failed)) {
      if (entry.path().extension() == ".so") libraries.push_back(entry.path());
    }
    std::sort(libraries.begin(), libraries.end());
    for (const fs::path& library : libraries) look_at(library, folder);
  }
  for (const std::string& name : ambiguous_) entries_.erase(name);
  std::set<std::string> wanted;
  for (const auto& [name, entry] : entries_) wanted.insert(entry.copy.sha256);
  copies_.settle(wanted);
}

const PluginCatalog::Entry* PluginCatalog::find(std::string_view plugin) const {
  auto found = entries_.find(plugin);
  return found == entries_.end() ? nullptr : &found->second;
}

Result<Generation*> PluginCatalog::open(std::string_view plugin) {
  if (const Entry* entry = find(plugin)) {
    const auto companions = load_companions(entry->about);
    auto generation = companions ? Generation::load(entry->copy) : Result<Generation*>(companions.error());
    if (generation) return generation;
    return Error{generation.error().code, std::string(generation.error().name()),
                 fmt::format("{}: {}", entry->library.string(), generation.error().message)};
  }
  for (const Refusal& refusal : refusals_) {
    if (refusal.library.stem() == plugin) return refusal.error;
  }
  std::string known;
  for (const auto& [name, entry] : entries_) known += (known.empty() ? "" : ", ") + name;
  return Error{Errc::not_found, "plugin.unknown",
               fmt::format("no plugin is called \"{}\"; there are: {}", plugin, known.empty() ? "none" : known)};
}

}  // namespace qiao::core
