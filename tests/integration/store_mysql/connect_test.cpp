#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/store/mysql/server_check.hpp"
#include "tests/integration/store_mysql/free_port.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

struct FreeX509 {
  void operator()(X509* x) const { X509_free(x); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

/// A certificate for `host` that is its own authority, with its key, as PEM files.
void make_certificate(const fs::path& certificate, const fs::path& key_file, const std::string& host) {
  const std::unique_ptr<EVP_PKEY, FreeX509> key(EVP_RSA_gen(2048));
  const std::unique_ptr<X509, FreeX509> x(X509_new());
  X509_set_version(x.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(x.get()), 3600);
  X509_set_pubkey(x.get(), key.get());
  X509_NAME* name = X509_get_subject_name(x.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  X509_set_issuer_name(x.get(), name);
  X509V3_CTX context;
  X509V3_set_ctx(&context, x.get(), x.get(), nullptr, nullptr, 0);
  for (const auto& [what, value] : {std::pair<int, std::string>{NID_subject_alt_name, "DNS:" + host},
                                    std::pair<int, std::string>{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    X509_add_ext(x.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(x.get(), key.get(), EVP_sha256());
  std::FILE* file = std::fopen(certificate.c_str(), "w");
  PEM_write_X509(file, x.get());
  std::fclose(file);
  file = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

/// A server on the loopback with a certificate for "localhost", which lets its user in only encrypted.
class Tls : public StoreTest {
 protected:
  void SetUp() override {
    fs::permissions(folder.path(), fs::perms::all);
    make_certificate(folder.path() / "server.pem", folder.path() / "key.pem", certified_host);
    make_certificate(folder.path() / "other.pem", folder.path() / "other-key.pem", certified_host);
    fs::permissions(folder.path() / "key.pem", fs::perms::all);
    const std::uint16_t port = free_port();
    server.emplace(std::vector<std::string>{"--port=" + std::to_string(port),
                                            "--ssl-cert=" + (folder.path() / "server.pem").string(),
                                            "--ssl-key=" + (folder.path() / "key.pem").string()});
    use_server(*server);
    server->run("CREATE USER hub@'127.0.0.1' IDENTIFIED BY 'pass-word' REQUIRE SSL; GRANT ALL ON " +
                settings.mysql->database + ".* TO hub@'127.0.0.1'");
    settings.mysql->socket.clear();
    settings.mysql->host = "localhost";
    settings.mysql->port = port;
    settings.mysql->user = "hub";
    settings.mysql->password = "pass-word";
    settings.folder = folder.path() / "data";
  }
  Result<void> try_open() {
    auto opened = Store::open(settings, host());
    if (!opened) return opened.error();
    store = std::move(*opened);
    return {};
  }
  std::string certified_host = "localhost";
  std::optional<testkit::MysqlServer> server;
};

TEST_F(Tls, IsUsedVerifiedAndRefusedWhereItShouldBe) {
  settings.mysql->tls = mysql::TlsMode::verify;
  settings.mysql->ca = (folder.path() / "server.pem").string();
  open();
  std::string cipher;
  ASSERT_TRUE(db->read([&](Session& s) -> Result<void> {
    auto rows =
        s.query("SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_version'");
    if (rows->next()) cipher = rows->str(0);
    return rows->status();
  }));
  EXPECT_THAT(cipher, HasSubstr("TLSv1."));
  close();

  settings.mysql->tls = mysql::TlsMode::required;
  settings.mysql->ca.clear();
  EXPECT_TRUE(try_open());
  close();

  settings.mysql->tls = mysql::TlsMode::none;
  const auto plain = try_open();
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().name(), "store.access_denied");

  settings.mysql->tls = mysql::TlsMode::verify;
  settings.mysql->ca = (folder.path() / "other.pem").string();
  const auto stranger = try_open();
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().name(), "store.tls") << stranger.error().message;

  settings.mysql->ca = (folder.path() / "server.pem").string();
  settings.mysql->host = "127.0.0.1";  // the certificate does not name it
  const auto other_name = try_open();
  ASSERT_FALSE(other_name);
  EXPECT_EQ(other_name.error().name(), "store.tls") << other_name.error().message;
}

class Connecting : public StoreTest {
 protected:
  void SetUp() override { use_server(testkit::MysqlServer::shared()); }
};

TEST_F(Connecting, AWrongPasswordIsSaidWithoutIt) {
  settings.mysql->user = "nobody-here";
  settings.mysql->password = "not-the-password";
  const auto refused = Store::open(settings, host());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.access_denied");
  EXPECT_THAT(refused.error().message, Not(HasSubstr("not-the-password")));
  EXPECT_THAT(refused.error().message, HasSubstr("store.user"));
}

TEST_F(Connecting, AServerThatIsNotThereIsNamed) {
  settings.mysql->socket = "/nowhere/socket";
  const auto refused = Store::open(settings, host());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.io_error");
  EXPECT_THAT(refused.error().message, HasSubstr("/nowhere/socket"));
}

TEST_F(Connecting, TheServersOwnSettingsAreRead) {
  testkit::MysqlServer::shared().run("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
  const auto findings = mysql::check_server(*settings.mysql, 4);
  ASSERT_TRUE(findings) << findings.error().message;
  std::string weak;
  for (const auto& finding : *findings) {
    if (finding.weakens) weak += finding.variable + " ";
  }
  EXPECT_THAT(weak, HasSubstr("innodb_flush_log_at_trx_commit"));
  close();
  open();
  EXPECT_THAT(lines, testing::Contains(HasSubstr("innodb_flush_log_at_trx_commit=2")));
}

}  // namespace
}  // namespace qiao::core
