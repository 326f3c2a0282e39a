#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "core/gateway/stream.hpp"

namespace qiao::core {
namespace {

std::string openssl_error() {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

class TlsStream final : public Stream {
 public:
  TlsStream(IoThread& io, int fd, SSL_CTX* context) : Stream(io, fd), ssl_(SSL_new(context)) {
    if (!ssl_ || SSL_set_fd(ssl_, fd) != 1) throw std::bad_alloc();
    SSL_set_accept_state(ssl_);
  }
  ~TlsStream() override { SSL_free(ssl_); }

  // The first reads carry the handshake.
  ssize_t read(char* data, std::size_t size) override {
    ERR_clear_error();
    const int got = SSL_read(ssl_, data, static_cast<int>(std::min<std::size_t>(size, 1 << 20)));
    return got > 0 ? got : outcome(got);
  }

  // One record for what is queued together: small frames would otherwise cost a record, and often a packet, each.
  ssize_t write(const iovec* parts, int count) override {
    char record[16 * 1024];
    std::size_t size = 0;
    for (int i = 0; i < count && size < sizeof record; ++i) {
      const std::size_t n = std::min(parts[i].iov_len, sizeof record - size);
      std::memcpy(record + size, parts[i].iov_base, n);
      size += n;
    }
    if (size == 0) return 0;
    ERR_clear_error();
    const int sent = SSL_write(ssl_, record, static_cast<int>(size));
    return sent > 0 ? sent : outcome(sent);
  }

  bool may_have_more(std::size_t, std::size_t) const override { return true; }
  void finish() noexcept override {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
    ::shutdown(descriptor().fd(), SHUT_WR);
  }
  bool secure() const noexcept override { return true; }

 private:
  [[nodiscard]] ssize_t outcome(int result) {
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
        descriptor().exhausted(Direction::read);
        return kAgain;
      case SSL_ERROR_WANT_WRITE:
        descriptor().exhausted(Direction::write);
        return kAgainWrite;
      case SSL_ERROR_ZERO_RETURN:
        return kClosed;
      default:
        return kFailed;
    }
  }
  SSL* ssl_;
};

class OpenSslContext final : public TlsContext {
 public:
  explicit OpenSslContext(SSL_CTX* context) : context_(context) {}
  ~OpenSslContext() override { SSL_CTX_free(context_); }
  std::unique_ptr<Stream> accept(IoThread& io, int fd) override {
    return std::make_unique<TlsStream>(io, fd, context_);
  }

 private:
  SSL_CTX* context_;
};

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                    void*) {
  static const unsigned char http11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, http11, sizeof http11 - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> make_tls_context(const std::string& certificate, const std::string& key) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (!context) return Error{Errc::internal, "http.tls", "cannot set up TLS: " + openssl_error()};
  auto owner = std::make_shared<OpenSslContext>(context);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return Error{
        Errc::bad_value, "http.tls",
        "cannot read the TLS certificate " + certificate + ": " + openssl_error() + "; it must be a PEM chain"};
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Error{
        Errc::bad_value, "http.tls",
        "cannot read the TLS private key " + key + ": " + openssl_error() + "; it must be PEM and fit the certificate"};
  }
  return std::shared_ptr<TlsContext>(std::move(owner));
}

}  // namespace qiao::core
