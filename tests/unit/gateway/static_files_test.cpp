#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "front_fixture.hpp"

namespace qiao::test {
namespace {

namespace fs = std::filesystem;

struct Files : testing::Test {
  Files() : folder(fs::temp_directory_path() / fmt::format("qiao-files-{}-{}", ::getpid(), new_id().value)) {
    fs::create_directories(folder / "public/sub");
    write("secret.txt", "secret");
    write("public/index.html", "<p>home</p>");
    write("public/sub/index.html", "<p>sub</p>");
    write("public/app-Ab12Cd34.js", "let a;");
    write("public/app-Ab12Cd34.js.br", "br bytes");
    write("public/app-Ab12Cd34.js.gz", "gz bytes");
    write("public/plain.css", "p{}");
    write("public/.hidden", "hidden");
    write("public/big.bin", big);
    front.http->files("/site", (folder / "public").string(), {{"Content-Security-Policy", "default-src 'self'"}},
                      "index.html");
    front.http->files("/bare/", (folder / "public").string(), {}, "");
    front.http->raw({.method = "GET", .path = "/site/api", .access = Access::anyone(), .run = qiao::Run::direct},
                    [](const auto&, const HttpReply& reply) { reply({.body = "{}"}); });
    EXPECT_TRUE(front.http->activate());
  }
  ~Files() override { fs::remove_all(folder); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  [[nodiscard]] RawClient::Response ask(const std::string& path, const std::string& headers = {}) const {
    RawClient client(front.port());
    return client.ask(get(path, headers)).value_or(RawClient::Response{});
  }
  std::string big = std::string(700000, 'a') + std::string(700000, 'b');
  fs::path folder;
  FrontFixture front;
};

TEST_F(Files, AreServedWithTypeTagAndHeaders) {
  const auto page = ask("/site/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<p>home</p>");
  EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("content-security-policy"), "default-src 'self'");
  EXPECT_EQ(page.header("cache-control"), "no-cache");
  EXPECT_NE(page.header("etag"), "");
  EXPECT_EQ(ask("/site").body, "<p>home</p>");
  EXPECT_EQ(ask("/site/sub").body, "<p>sub</p>");
  EXPECT_EQ(ask("/site/sub/").body, "<p>sub</p>");
  EXPECT_EQ(ask("/site/plain.css").header("content-type"), "text/css; charset=utf-8");
  EXPECT_EQ(ask("/site/api").body, "{}") << "routes win over files";
  EXPECT_EQ(ask("/sitemap").status, 404) << "a prefix ends at a slash";
}

TEST_F(Files, AreNotSentAgainWhenTheClientHasThem) {
  const std::string tag = ask("/site/plain.css").header("etag");
  const auto again = ask("/site/plain.css", "If-None-Match: \"x\", " + tag + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.header("etag"), tag);
  EXPECT_EQ(ask("/site/plain.css", "If-None-Match: \"other\"\r\n").status, 200);
  write("public/plain.css", "p{color:red}");
  const auto changed = ask("/site/plain.css", "If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body, "p{color:red}");
}

TEST_F(Files, ComePrecompressedWhereAccepted) {
  const auto brotli = ask("/site/app-Ab12Cd34.js", "Accept-Encoding: gzip, deflate, br\r\n");
  EXPECT_EQ(brotli.body, "br bytes");
  EXPECT_EQ(brotli.header("content-encoding"), "br");
  EXPECT_EQ(brotli.header("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(brotli.header("vary"), "Accept-Encoding");
  EXPECT_EQ(brotli.header("cache-control"), "public, max-age=31536000, immutable");
  const auto gzip = ask("/site/app-Ab12Cd34.js", "Accept-Encoding: gzip;q=0.5, br;q=0\r\n");
  EXPECT_EQ(gzip.header("content-encoding"), "gzip");
  const auto plain = ask("/site/app-Ab12Cd34.js");
  EXPECT_EQ(plain.body, "let a;");
  EXPECT_NE(plain.header("etag"), brotli.header("etag"));
  EXPECT_NE(gzip.header("etag"), brotli.header("etag"));
}

TEST_F(Files, NeverLeaveTheirFolder) {
  for (const char* path :
       {"/site/../secret.txt", "/site/%2e%2e/secret.txt", "/site/..%2fsecret.txt", "/site/sub/..%2f..%2fsecret.txt",
        "/site/..%5csecret.txt", "/site//secret.txt", "/site/.hidden", "/site/%2fetc/passwd", "/bare/.hidden"}) {
    const auto response = ask(path);
    EXPECT_TRUE(response.status == 404 || response.status == 400) << path << " " << response.status;
    EXPECT_EQ(response.body.find("secret"), std::string::npos) << path;
  }
}

TEST_F(Files, FallBackToThePageOnlyForPages) {
  EXPECT_EQ(ask("/site/conversations/42").body, "<p>home</p>");
  EXPECT_EQ(ask("/site/gone-Ab12Cd34.js").status, 404);
  EXPECT_EQ(ask("/bare/conversations").status, 404) << "no fallback was given";
  RawClient client(front.port());
  EXPECT_EQ(client.ask(post("/site/x", ""))->status, 405);
}

TEST_F(Files, AreStreamedWhenLargeAlsoInParts) {
  EXPECT_EQ(ask("/site/big.bin").body, big);
  const auto part = ask("/site/big.bin", "Range: bytes=699999-700000\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "ab");
  EXPECT_EQ(part.header("content-range"), "bytes 699999-700000/1400000");
  EXPECT_EQ(ask("/site/big.bin", "Range: bytes=-3\r\n").body, "bbb");
  EXPECT_EQ(ask("/site/plain.css", "Range: bytes=1-1\r\n").body, "{");
  EXPECT_EQ(ask("/site/big.bin", "Range: bytes=0-0\r\nIf-Range: \"old\"\r\n").status, 200);
  const auto beyond = ask("/site/big.bin", "Range: bytes=1400000-\r\n");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.header("content-range"), "bytes */1400000");
  RawClient client(front.port());
  const auto head = client.ask("HEAD /site/big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n", true);
  EXPECT_EQ(head->header("content-length"), "1400000");
  EXPECT_EQ(client.ask(get("/site/plain.css"))->body, "p{}");
}

}  // namespace
}  // namespace qiao::test
