#include "plugins/partners/embed.hpp"

#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "plugins/partners/secret.hpp"
#include "plugins/partners/stock_answer.hpp"

namespace qiao::partners {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Script {
  std::string plain;
  std::string gzip;
  std::string tag;
};

void serve(Http& http, std::string path, std::string summary, std::string cache, std::shared_ptr<const Script> script) {
  http.raw({.method = "GET",
            .path = std::move(path),
            .access = Access::anyone(),
            .summary = std::move(summary),
            .run = Run::direct,
            .tag = "partner"},
           [script = std::move(script), cache = std::move(cache)](const std::shared_ptr<const HttpRequest>& request,
                                                                  const HttpReply& reply) {
             HttpResponse response;
             response.content_type = "text/javascript; charset=utf-8";
             response.headers = {{"ETag", script->tag},
                                 {"Cache-Control", cache},
                                 {"Vary", "Accept-Encoding"},
                                 {"Access-Control-Allow-Origin", "*"},
                                 {"Cross-Origin-Resource-Policy", "cross-origin"}};
             const bool packed =
                 !script->gzip.empty() && request->header("accept-encoding").find("gzip") != std::string_view::npos;
             if (names_tag(request->header("if-none-match"), script->tag)) {
               response.status = 304;
             } else {
               response.body = packed ? script->gzip : script->plain;
               if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
             }
             reply(std::move(response));
           });
}

}  // namespace

Embed add_embed(Http& http, const std::filesystem::path& folder, Logger& log) {
  auto script = std::make_shared<Script>();
  script->plain = content(folder / "qiao-stock.js");
  if (script->plain.empty()) {
    log.warn("the script of <qiao-stock> is not built; build it with packaging/run, folder={}", folder.string());
    return {};
  }
  script->gzip = content(folder / "qiao-stock.js.gz");
  script->tag = weak_tag(script->plain);
  Embed embed;
  embed.version = content(folder / "version");
  embed.version.erase(embed.version.find_last_not_of(" \n") + 1);
  embed.script = "/partner/v1/qiao-stock.js";
  embed.pinned_script = fmt::format("/partner/v1/qiao-stock-{}.js", embed.version);
  embed.integrity = "sha384-" + sha384_base64(script->plain);
  serve(http, embed.script, "The script of <qiao-stock>, always the newest", "public, max-age=600", script);
  serve(http, embed.pinned_script, "The script of <qiao-stock> of this version, for pages that name its integrity",
        "public, max-age=31536000, immutable", script);
  return embed;
}

}  // namespace qiao::partners
