#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "front_fixture.hpp"

namespace qiao::test {
namespace {

namespace fs = std::filesystem;

/// A key and a certificate for "localhost" signed with it, as PEM files.
void make_certificate(const fs::path& certificate, const fs::path& key_file) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), 0);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key);
  X509_NAME* name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(x, name);
  X509_sign(x, key, EVP_sha256());
  std::FILE* file = std::fopen(certificate.c_str(), "w");
  PEM_write_X509(file, x);
  std::fclose(file);
  file = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(x);
  EVP_PKEY_free(key);
}

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int version = 0) : socket_(port), context_(SSL_CTX_new(TLS_client_method())) {
    if (version != 0) SSL_CTX_set_max_proto_version(context_, version);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_.fd());
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  [[nodiscard]] bool connected() const { return connected_; }
  void send(const std::string& text) { SSL_write(ssl_, text.data(), static_cast<int>(text.size())); }
  /// Reads until `size` bytes are there or the connection ends.
  std::string read(std::size_t size) {
    std::string out;
    char buffer[16384];
    while (out.size() < size) {
      const int n = SSL_read(ssl_, buffer, sizeof buffer);
      if (n <= 0) break;
      out.append(buffer, static_cast<std::size_t>(n));
    }
    return out;
  }
  std::string read_until(const std::string& mark) {
    std::string out;
    while (out.find(mark) == std::string::npos) {
      char c = 0;
      if (SSL_read(ssl_, &c, 1) != 1) break;
      out += c;
    }
    return out;
  }

 private:
  RawClient socket_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
};

struct Tls : testing::Test {
  Tls() : folder(fs::temp_directory_path() / fmt::format("qiao-tls-{}-{}", ::getpid(), new_id().value)) {
    fs::create_directories(folder);
    make_certificate(folder / "cert.pem", folder / "key.pem");
    options = quick_options();
    options.listen = {};
    options.listen_tls = {"127.0.0.1:0"};
    options.certificate = folder / "cert.pem";
    options.private_key = folder / "key.pem";
  }
  ~Tls() override { fs::remove_all(folder); }
  fs::path folder;
  core::GatewayOptions options;
};

class Mirror final : public SocketHandler {
 public:
  explicit Mirror(std::shared_ptr<Socket> socket) : socket_(std::move(socket)) {}
  void on_text(std::string_view text) override { socket_->send(std::string(text)); }
  void on_close(int) override {}

 private:
  std::shared_ptr<Socket> socket_;
};

TEST_F(Tls, CarriesRequestsLargeAnswersAndWebSockets) {
  FrontFixture front(options);
  const std::string large(3 << 20, 'z');
  front.http->raw({.method = "POST", .path = "/x", .access = Access::anyone(), .run = qiao::Run::direct},
                  [&](const auto& r, const HttpReply& reply) {
                    reply({.body = r->secure && r->body == std::string(500000, 'q') ? large : "wrong"});
                  });
  front.http->websocket({.path = "/ws", .max_frame = 1 << 20, .messages_per_second = 0},
                        [](std::shared_ptr<Socket> s) { return std::make_shared<Mirror>(std::move(s)); });
  ASSERT_TRUE(front.http->activate());
  TlsClient client(front.port());
  ASSERT_TRUE(client.connected());
  for (int i = 0; i < 3; ++i) {
    client.send(post("/x", std::string(500000, 'q'), ""));
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_NE(head.find("200 OK"), std::string::npos) << head;
    EXPECT_NE(head.find("Strict-Transport-Security"), std::string::npos);
    EXPECT_EQ(client.read(large.size()), large);
  }
  client.send(
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n").find("101"), std::string::npos);
  const std::string text(300000, 't');
  for (int i = 0; i < 5; ++i) client.send(RawClient::frame(1, text));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.read(10 + text.size()).substr(10), text);
}

TEST_F(Tls, RefusesOldVersionsAndPlainText) {
  FrontFixture front(options);
  EXPECT_FALSE(TlsClient(front.port(), TLS1_1_VERSION).connected());
  EXPECT_TRUE(TlsClient(front.port(), TLS1_2_VERSION).connected());
  RawClient plain(front.port());
  plain.send(get("/"));
  EXPECT_TRUE(plain.closed_by_server());
}

TEST_F(Tls, ClosesAHandshakeThatDoesNotComeAlong) {
  options.header_timeout = std::chrono::milliseconds(40);
  FrontFixture front(options);
  RawClient silent(front.port());
  silent.send("\x16\x03\x01");
  EXPECT_TRUE(silent.closed_by_server());
}

TEST_F(Tls, NamesTheFileThatCannotBeUsed) {
  std::ofstream(folder / "key.pem") << "no key";
  CapturingLogger log;
  core::MetricsRegistry metrics;
  core::Gateway gateway(options, {log, metrics, [](const std::function<void()>&) { return false; }, {}});
  const auto started = gateway.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().id, "http.tls");
  EXPECT_NE(started.error().message.find("key.pem"), std::string::npos);
}

}  // namespace
}  // namespace qiao::test
