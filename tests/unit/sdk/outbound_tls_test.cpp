#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>

#include "fault_server.hpp"
#include "qiao/outbound.hpp"
#include "qiao/outbound_stream.hpp"

namespace qiao::test {
namespace {

using namespace std::chrono_literals;
using Peer = FaultServer::Peer;

/// A certificate for `name` that it signed itself, and its key.
struct Certificate {
  explicit Certificate(const std::string& name) : key(EVP_EC_gen("P-256")), x509(X509_new()) {
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
    X509_add_ext(x509, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(x509, key, EVP_sha256());
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate() {
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  EVP_PKEY* key;
  X509* x509;
};

/// Speaks TLS with this certificate and answers "hi" to each request.
std::function<void(Peer&)> secure_server(const Certificate& certificate, int newest = TLS1_3_VERSION) {
  return [&certificate, newest](Peer& peer) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, newest);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_use_certificate(context, certificate.x509);
    SSL_CTX_use_PrivateKey(context, certificate.key);
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, peer.fd());
    char bytes[4096];
    if (SSL_accept(ssl) == 1) {
      while (SSL_read(ssl, bytes, sizeof bytes) > 0) {
        static const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        SSL_write(ssl, kOk.data(), static_cast<int>(kOk.size()));
      }
    }
    ERR_clear_error();
    SSL_free(ssl);
    SSL_CTX_free(context);
  };
}

class TrustFile {
 public:
  explicit TrustFile(const Certificate& certificate) {
    std::FILE* file = std::fopen(path_.c_str(), "w");
    PEM_write_X509(file, certificate.x509);
    std::fclose(file);
  }
  TrustFile(const TrustFile&) = delete;
  TrustFile& operator=(const TrustFile&) = delete;
  ~TrustFile() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_ =
      (std::filesystem::temp_directory_path() / ("qiao-ca-" + std::to_string(::getpid()))).string();
};

Result<OutboundResponse> ask(const FaultServer& server, const std::string& name, const std::string& ca_file,
                             int times = 1) {
  OutboundSettings settings;
  settings.named = {name + ":" + std::to_string(server.port())};
  settings.ca_file = ca_file;
  settings.resolve = [](const std::string&) { return std::vector<std::string>{"127.0.0.1"}; };
  OutboundClient client(settings);
  OutboundRequest request;
  request.url = "https://" + settings.named[0] + "/";
  auto answer = client.send(request);
  while (answer && --times > 0) answer = client.send(request);
  return answer;
}

TEST(OutboundTls, TalksToATrustedCertificateForThisNameAndKeepsTheConnection) {
  const Certificate certificate("erp.example");
  const TrustFile trust(certificate);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    FaultServer server(secure_server(certificate, version));
    auto answer = ask(server, "erp.example", trust.path(), 3);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "hi");
    EXPECT_EQ(server.connections(), 1);
  }
}

TEST(OutboundTls, WaitsPatientlyThroughWhatOnlyTheEncryptionHasToSay) {
  const Certificate certificate("localhost");
  const TrustFile trust(certificate);
  const FaultServer server(secure_server(certificate));
  StreamSettings settings;
  settings.host = "localhost";
  settings.port = static_cast<std::uint16_t>(server.port());
  settings.tls = true;
  settings.ca_file = trust.path();
  OutboundStream stream(settings);
  const auto connected = stream.connect();
  ASSERT_TRUE(connected) << connected.error().message;
  // TLS 1.3 sends session tickets after the handshake: bytes on the wire, but nothing to read.
  EXPECT_FALSE(stream.wait(20ms).value());
  stream.within(10s);
  ASSERT_TRUE(stream.write("anything"));
  EXPECT_TRUE(stream.wait(60s).value());
  EXPECT_EQ(stream.read_line().value(), "HTTP/1.1 200 OK");
}

TEST(OutboundTls, RefusesACertificateThatNobodyVouchesFor) {
  const Certificate certificate("erp.example");
  FaultServer server(secure_server(certificate));
  auto answer = ask(server, "erp.example", "");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().name(), "outbound.tls");
  EXPECT_NE(answer.error().message.find("self-signed"), std::string::npos) << answer.error().message;
}

TEST(OutboundTls, RefusesACertificateForAnotherName) {
  const Certificate certificate("other.example");
  const TrustFile trust(certificate);
  FaultServer server(secure_server(certificate));
  auto answer = ask(server, "erp.example", trust.path());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().name(), "outbound.tls");
  EXPECT_NE(answer.error().message.find("hostname mismatch"), std::string::npos) << answer.error().message;
}

TEST(OutboundTls, RefusesOldVersions) {
  const Certificate certificate("erp.example");
  const TrustFile trust(certificate);
  FaultServer server(secure_server(certificate, TLS1_1_VERSION));
  EXPECT_EQ(ask(server, "erp.example", trust.path()).error().name(), "outbound.tls");
}

TEST(OutboundTls, PlainTextBehindHttpsIsAnError) {
  FaultServer server([](Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"); });
  EXPECT_EQ(ask(server, "erp.example", "").error().name(), "outbound.tls");
}

TEST(OutboundTls, AMissingFileOfAuthoritiesIsNamed) {
  const Certificate certificate("erp.example");
  FaultServer server(secure_server(certificate));
  auto answer = ask(server, "erp.example", "/nowhere/ca.pem");
  EXPECT_NE(answer.error().message.find("/nowhere/ca.pem"), std::string::npos) << answer.error().message;
}

}  // namespace
}  // namespace qiao::test
