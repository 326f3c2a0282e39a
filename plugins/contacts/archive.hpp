#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "qiao/contract/contacts.hpp"

namespace qiao::contacts {

/// A copy of everything about one person as a folder: a JSON file a part, the uploads in files/, and index.html, which
/// a person can read without anything else. Only this user can open it.
class Archive {
 public:
  /// `archive.bad_folder` when the folder is not absolute or something is in it.
  static Result<Archive> begin(const std::filesystem::path& folder);

  [[nodiscard]] std::filesystem::path files() const { return folder_ / "files"; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  Result<void> write(const std::vector<contract::ExportPart>& parts, const std::map<std::string, std::string>& files,
                     const std::string& name, std::string_view language, Time at) const;

 private:
  explicit Archive(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

/// How many things a part holds: the length of a list, one for anything else.
[[nodiscard]] std::int64_t entries_of(const contract::ExportPart& part);

/// The page alone, for tests.
[[nodiscard]] std::string readable_page(const std::vector<contract::ExportPart>& parts,
                                        const std::map<std::string, std::string>& files, const std::string& name,
                                        std::string_view language, Time at);

}  // namespace qiao::contacts
