#pragma once

#include <filesystem>
#include <string>

#include "qiao/http.hpp"
#include "qiao/log.hpp"

namespace qiao::partners {

/// How the element's script is named in a page.
struct Embed {
  std::string script;         ///< always the newest
  std::string pinned_script;  ///< this very file, for `integrity`
  std::string version;
  std::string integrity;  ///< "sha384-…"
};
QIAO_FIELDS(Embed, script, pinned_script, version, integrity)

/// Serves the script of <qiao-stock> from `folder` to pages of any origin; says in the log when it is not built.
Embed add_embed(Http& http, const std::filesystem::path& folder, Logger& log);

}  // namespace qiao::partners
