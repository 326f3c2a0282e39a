#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/erp-csv/catalogue.hpp"
#include "connectors/erp-csv/config.hpp"

namespace qiao::erp_csv {

/// What was read, and when it was true: the oldest of the files.
struct Snapshot {
  Catalogue catalogue;
  Time as_of;
};

/// The files on the disk. One thread at a time.
class Files {
 public:
  Files(const Config& config, std::filesystem::path folder);

  /// What `look` found. `problem` names the files and lines that could not be used; `fresh` holds all the rest.
  struct Look {
    std::shared_ptr<const Snapshot> fresh;  ///< null: no file changed since the last look
    std::string problem;
  };
  Look look();

 private:
  struct Watched {
    std::string what;
    std::filesystem::path path;
    Columns columns;
    Result<void> (Catalogue::*add)(const CsvTable&, const Columns&, std::vector<std::string>&);
    std::string seen;  ///< inode, size and time of what was read last
  };
  std::vector<Watched> files_;
  std::string problem_;  ///< of the files as they are
};

}  // namespace qiao::erp_csv
