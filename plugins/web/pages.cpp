#include "plugins/web/pages.hpp"

namespace qiao::web {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

Headers page_headers(const char* frames) {
  return {
      {"Content-Security-Policy",
       std::string("default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src "
                   "'self' ws: wss:; "
                   "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors ") +
           frames},
      {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
  };
}

}  // namespace

void add_pages(Http& http, const std::filesystem::path& folder, Logger& log) {
  if (!std::filesystem::exists(folder / "widget.js")) {
    log.warn(
        "the web pages are not built, only the API answers; build them with packaging/run or set `pages`, folder={}",
        folder.string());
    return;
  }
  http.files("/workspace", (folder / "workspace").string(), page_headers("'none'"), "index.html");
  // The widget's script is meant for other people's pages.
  Headers shop = page_headers("'self'");
  shop.emplace_back("Access-Control-Allow-Origin", "*");
  shop.emplace_back("Cross-Origin-Resource-Policy", "cross-origin");
  http.files("/", folder.string(), shop);
}

}  // namespace qiao::web
