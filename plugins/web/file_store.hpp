#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "qiao/contract/conversation.hpp"
#include "qiao/plugin.hpp"

namespace qiao::web {

/// Uploaded files: bytes in a folder, a row in the database. An upload belongs to who sent it ("v:<visitor>",
/// "a:<agent>") until it stands in a message; reading it needs a signed link. Names and bytes are sealed, with a key of
/// the visitor who sent them or the hub's own. Any thread; what waits says so.
class FileStore {
 public:
  FileStore(Database& database, Vault& vault, Bus& bus, const Clock& clock, std::filesystem::path folder);

  struct File {
    contract::Attachment about;
    std::filesystem::path path;
  };

  /// Keeps a file: type found by content (pictures, PDF, plain text, office documents, audio, video, zip), HTML, SVG,
  /// XML and programs refused, a picture's metadata removed. Synced to disk when it returns. Waits.
  Result<contract::Attachment> keep(std::string_view name, std::string bytes, const std::string& owner);
  /// Waits.
  Result<File> open(Id file);
  /// The bytes as they were sent. Errors: `web.file_damaged`, `vault.erased`. Waits.
  Result<std::string> content(const File& file);
  /// Uploads of these owners, and these wherever they came from. Waits.
  Result<std::vector<File>> of(const std::vector<std::string>& owners, const std::vector<Id>& files);
  /// Bytes first, then the row: what is interrupted is found again. The keys of `visitors` go with the rows. How many
  /// files there were. Waits.
  Result<std::int64_t> remove(const std::vector<File>& files, const std::vector<Id>& visitors);
  /// The attachments of a message, in order; `not_found` names one that is missing or somebody else's. The callback
  /// runs on a blocking lane, or at once when there is nothing to look up.
  void resolve(std::vector<Id> files, std::string owner,
               std::function<void(Result<std::vector<contract::Attachment>>)> done);

 private:
  [[nodiscard]] std::filesystem::path path_of(Id file) const;
  Result<File> read_row(Session& session, const Rows& row) const;
  Result<void> insert(const contract::Attachment& about, const std::string& owner);
  Result<void> write_sealed(const File& file, const std::string& owner, const std::string& bytes);

  Database& database_;
  Vault& vault_;
  Bus& bus_;
  const Clock& clock_;
  const std::filesystem::path folder_;
};

}  // namespace qiao::web
