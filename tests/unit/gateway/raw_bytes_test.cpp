#include <gtest/gtest.h>

#include "front_fixture.hpp"

// What reaches the wire byte for byte, and what must come back. A case that is refused must also be closed: whatever
// follows it on the connection could be read differently by a proxy in front.

namespace qiao::test {
namespace {

struct Case {
  std::string name;
  std::string bytes;
  std::vector<int> statuses;
  bool closes = true;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string many(std::size_t count, const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string fields(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += "X-Field-" + std::to_string(i) + ": v\r\n";
  return out;
}

const std::string kHost = "Host: localhost\r\n";
const std::string kChunked = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string length(const std::string& lines, const std::string& body = "abc") {
  return "POST /echo HTTP/1.1\r\n" + kHost + lines + "\r\n" + body;
}

std::vector<Case> cases() {
  return {
      // lengths
      {"a length and chunked", length("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), {400}},
      {"chunked and a length", length("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), {400}},
      {"two different lengths", length("Content-Length: 3\r\nContent-Length: 4\r\n"), {400}},
      {"two equal lengths", length("Content-Length: 3\r\nContent-Length: 3\r\n"), {400}},
      {"a list of lengths", length("Content-Length: 3, 3\r\n"), {400}},
      {"a plus sign", length("Content-Length: +3\r\n"), {400}},
      {"a minus sign", length("Content-Length: -3\r\n"), {400}},
      {"a hexadecimal length", length("Content-Length: 0x3\r\n"), {400}},
      {"a length with a dot", length("Content-Length: 3.0\r\n"), {400}},
      {"a length with an exponent", length("Content-Length: 3e0\r\n"), {400}},
      {"an empty length", length("Content-Length: \r\n"), {400}},
      {"a length with a space inside", length("Content-Length: 3 0\r\n"), {400}},
      {"a length beyond 64 bits", length("Content-Length: 99999999999999999999\r\n"), {400}},
      {"a length that wraps to 3", length("Content-Length: 18446744073709551619\r\n"), {400}},
      {"a length with letters after", length("Content-Length: 3abc\r\n"), {400}},
      {"a length larger than allowed", length("Content-Length: 1048577\r\n", ""), {413}},
      {"a length with leading zeros", length("Content-Length: 0003\r\n"), {200}, false},
      {"a length with spaces around", length("Content-Length:   3  \r\n"), {200}, false},
      // codings
      {"an unknown coding", length("Transfer-Encoding: gzip\r\n", "0\r\n\r\n"), {400}},
      {"gzip then chunked", length("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), {400}},
      {"chunked then identity", length("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), {400}},
      {"chunked twice in a list", length("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), {400}},
      {"chunked twice in lines",
       length("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       {400}},
      {"identity", length("Transfer-Encoding: identity\r\n"), {400}},
      {"an empty coding", length("Transfer-Encoding: \r\n"), {400}},
      {"chunked in quotes", length("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), {400}},
      {"chunked with a parameter", length("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"), {400}},
      {"chunked with a vertical tab",
       length("Transfer-Encoding:\x0b"
              "chunked\r\n",
              "0\r\n\r\n"),
       {400}},
      {"chunked in HTTP/1.0", "POST /echo HTTP/1.0\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}},
      {"chunked in capitals", length("Transfer-Encoding: CHUNKED\r\n", "3\r\nabc\r\n0\r\n\r\n"), {200}, false},
      // chunks
      {"a chunk size that is no number", kChunked + "zz\r\nabc\r\n0\r\n\r\n", {400}},
      {"a negative chunk size", kChunked + "-3\r\nabc\r\n0\r\n\r\n", {400}},
      {"a chunk size with 0x", kChunked + "0x3\r\nabc\r\n0\r\n\r\n", {400}},
      {"an empty chunk size", kChunked + "\r\nabc\r\n0\r\n\r\n", {400}},
      {"a chunk size beyond 64 bits", kChunked + "10000000000000003\r\nabc\r\n0\r\n\r\n", {400}},
      {"a chunk longer than its size", kChunked + "3\r\nabcd\r\n0\r\n\r\n", {400}},
      {"a chunk ending in a bare LF", kChunked + "3\r\nabc\n0\r\n\r\n", {400}},
      {"a chunk size ending in a bare LF", kChunked + "3\nabc\r\n0\r\n\r\n", {400}},
      {"a chunk size with a space before", kChunked + " 3\r\nabc\r\n0\r\n\r\n", {400}},
      {"an endless chunk extension", kChunked + "3;" + many(6000, "a") + "\r\nabc\r\n0\r\n\r\n", {400}},
      {"an endless chunk size line", kChunked + many(6000, "0"), {400}},
      {"a chunk larger than the body may be", kChunked + "200000\r\n", {413}},
      {"a trailer with a length", kChunked + "3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n", {400}},
      {"two good chunks", kChunked + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", {200}, false},
      {"a good chunk extension", kChunked + "3;name=value\r\nabc\r\n0\r\n\r\n", {200}, false},
      {"a good trailer", kChunked + "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", {200}, false},
      // line ends and control characters
      {"bare LF after the request line", "GET /ok HTTP/1.1\nHost: localhost\r\n\r\n", {400}},
      {"bare LF after a field", "GET /ok HTTP/1.1\r\nHost: localhost\n\r\n", {400}},
      {"bare LF at the end", "GET /ok HTTP/1.1\r\nHost: localhost\r\n\n", {400}},
      {"bare LF everywhere", "GET /ok HTTP/1.1\nHost: localhost\n\n", {400}},
      {"bare CR in a value", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX-A: a\rb\r\n\r\n", {400}},
      {"two CRs before the LF", "GET /ok HTTP/1.1\r\r\nHost: localhost\r\n\r\n", {400}},
      {"a NUL in a value", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX-A: a" + std::string(1, '\0') + "b\r\n\r\n", {400}},
      {"a NUL in the target", "GET /ok" + std::string(1, '\0') + " HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a bell in a value", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX-A: \x07\r\n\r\n", {400}},
      {"an empty line first", "\r\nGET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), {400}},
      // fields
      {"a space before the colon", "GET /ok HTTP/1.1\r\nHost : localhost\r\n\r\n", {400}},
      {"a tab before the colon", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX-A\t: b\r\n\r\n", {400}},
      {"a field without a colon", "GET /ok HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n", {400}},
      {"a field with an empty name", "GET /ok HTTP/1.1\r\nHost: localhost\r\n: value\r\n\r\n", {400}},
      {"a folded field", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n b\r\n\r\n", {400}},
      {"a folded first field", "GET /ok HTTP/1.1\r\n X-A: a\r\nHost: localhost\r\n\r\n", {400}},
      {"a name with a slash", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX/A: a\r\n\r\n", {400}},
      {"a name that is not ASCII", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX-\xc3\xa4: a\r\n\r\n", {400}},
      {"an underscore length is not a length",
       "GET /ok HTTP/1.1\r\nHost: localhost\r\nContent_Length: 5\r\n\r\n",
       {200},
       false},
      {"101 fields", "GET /ok HTTP/1.1\r\nHost: localhost\r\n" + fields(100) + "\r\n", {431}},
      {"100 fields", "GET /ok HTTP/1.1\r\nHost: localhost\r\n" + fields(99) + "\r\n", {200}, false},
      {"17 KB of head", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX-A: " + many(17000, "a") + "\r\n\r\n", {431}},
      {"15 KB of head", "GET /ok HTTP/1.1\r\nHost: localhost\r\nX-A: " + many(15000, "a") + "\r\n\r\n", {200}, false},
      {"17 KB without an end", many(17000, "a"), {431}},
      // Host
      {"no Host", "GET /ok HTTP/1.1\r\n\r\n", {400}},
      {"two Hosts", "GET /ok HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", {400}},
      {"an empty Host", "GET /ok HTTP/1.1\r\nHost: \r\n\r\n", {400}},
      {"a Host with a path", "GET /ok HTTP/1.1\r\nHost: localhost/evil\r\n\r\n", {400}},
      {"a Host with a user", "GET /ok HTTP/1.1\r\nHost: a@localhost\r\n\r\n", {400}},
      {"a Host with a space", "GET /ok HTTP/1.1\r\nHost: local host\r\n\r\n", {400}},
      {"HTTP/1.0 needs no Host", "GET /ok HTTP/1.0\r\n\r\n", {200}},
      // the request line
      {"HTTP/2.0", "GET /ok HTTP/2.0\r\nHost: localhost\r\n\r\n", {400}},
      {"HTTP/1.2", "GET /ok HTTP/1.2\r\nHost: localhost\r\n\r\n", {400}},
      {"http in small letters", "GET /ok http/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"no version", "GET /ok\r\nHost: localhost\r\n\r\n", {400}},
      {"two spaces", "GET  /ok HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a space at the end", "GET /ok HTTP/1.1 \r\nHost: localhost\r\n\r\n", {400}},
      {"a tab instead of a space", "GET\t/ok\tHTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a method that is no token", "G(T /ok HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a target without a slash", "GET ok HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a target with a fragment", "GET /ok#x HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a target that is not ASCII", "GET /\xe6\xa1\xa5 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a target that climbs", "GET /a/../ok HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a target that climbs in disguise", "GET /a/%2e%2e/ok HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a broken percent sign", "GET /ok%2 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a percent-encoded NUL", "GET /ok%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"percent-encoded bad UTF-8", "GET /%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"a target of 9000 bytes", "GET /" + many(9000, "a") + " HTTP/1.1\r\nHost: localhost\r\n\r\n", {414}},
      {"the absolute form", "GET http://localhost/ok HTTP/1.1\r\nHost: localhost\r\n\r\n", {200}, false},
      {"CONNECT", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}},
      {"TRACE", "TRACE /ok HTTP/1.1\r\nHost: localhost\r\n\r\n", {405}, false},
      // after the first
      {"an expectation nobody knows", length("Content-Length: 3\r\nExpect: miracles\r\n"), {417}},
      {"two requests sent together", get("/ok") + get("/ok"), {200, 200}, false},
      {"three, the second malformed", get("/ok") + "GET /ok HTTP/1.1\r\n\r\n" + get("/ok"), {200, 400}},
      {"a body followed by a request", post("/echo", "abc", "") + get("/ok"), {200, 200}, false},
      {"chunks followed by a request", kChunked + "3\r\nabc\r\n0\r\n\r\n" + get("/ok"), {200, 200}, false},
      {"a hidden request in a refused body",
       length("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + get("/ok")),
       {400}},
      {"close is obeyed", get("/ok", "Connection: close\r\n") + get("/ok"), {200}},
      {"an unread body closes",
       "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n" + get("/ok"),
       {404}},
  };
}

class RawBytes : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    front = std::make_unique<FrontFixture>();
    front->http->raw({.method = "GET", .path = "/ok", .access = Access::anyone(), .run = Run::direct},
                     [](const auto&, const HttpReply& reply) { reply({.content_type = "text/plain", .body = "ok"}); });
    front->http->raw({.method = "POST", .path = "/echo", .access = Access::anyone(), .run = Run::direct},
                     [](const auto& request, const HttpReply& reply) {
                       reply({.content_type = "text/plain", .body = request->body});
                     });
    ASSERT_TRUE(front->http->activate());
  }
  static void TearDownTestSuite() { front.reset(); }
  static std::unique_ptr<FrontFixture> front;
};
std::unique_ptr<FrontFixture> RawBytes::front;

TEST_P(RawBytes, AreAnsweredAndClosedAsTheyShould) {
  const Case& c = GetParam();
  RawClient client(front->port());
  client.send(c.bytes);
  for (const int status : c.statuses) {
    const auto response = client.read_response();
    ASSERT_TRUE(response) << "no answer";
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(response->header("x-content-type-options"), "nosniff");
  }
  if (c.closes) {
    EXPECT_TRUE(client.closed_by_server());
  } else {
    const auto next = client.ask(get("/ok"));
    ASSERT_TRUE(next) << "the connection did not stay usable";
    EXPECT_EQ(next->status, 200);
  }
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name;
  for (const char c : info.param.name) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name + "_" + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(Suite, RawBytes, testing::ValuesIn(cases()), case_name);

TEST(RawBytesSuite, HasAtLeastEightyCases) { EXPECT_GE(cases().size(), 80u); }

/// However the bytes are cut into packets, the outcome is the same.
TEST(RawBytesSuite, GivesTheSameAnswersByteByByte) {
  FrontFixture front;
  front.http->raw({.method = "POST", .path = "/echo", .access = Access::anyone(), .run = Run::direct},
                  [](const auto& request, const HttpReply& reply) { reply({.body = request->body}); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  for (const std::string& bytes : {post("/echo", "abc", ""), kChunked + "3;x=y\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"}) {
    for (const char c : bytes) client.send(std::string_view(&c, 1));
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "abc");
  }
}

}  // namespace
}  // namespace qiao::test
