#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <memory>

#include "core/gateway/io_thread.hpp"
#include "qiao/result.hpp"

namespace qiao::core {

/// The bytes of a connection, plain or TLS. Never blocks. I/O thread only.
class Stream {
 public:
  static constexpr ssize_t kAgain = -1;       ///< wait until readable (read) or writable (write)
  static constexpr ssize_t kAgainWrite = -2;  ///< a read that must first write: wait until writable, then read
  static constexpr ssize_t kClosed = -3;      ///< the other side has finished
  static constexpr ssize_t kFailed = -4;

  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  virtual ssize_t read(char* data, std::size_t size) = 0;
  virtual ssize_t write(const iovec* parts, int count) = 0;
  /// Whether a read that filled `got` of `size` may have left something that no event will announce.
  [[nodiscard]] virtual bool may_have_more(std::size_t got, std::size_t size) const = 0;
  /// Tells the other side that nothing more comes.
  virtual void finish() noexcept = 0;
  [[nodiscard]] virtual bool secure() const noexcept = 0;
  [[nodiscard]] Descriptor& descriptor() noexcept { return descriptor_; }

 protected:
  Stream(IoThread& io, int fd) : descriptor_(io, fd) {}

 private:
  Descriptor descriptor_;
};

std::unique_ptr<Stream> make_plain_stream(IoThread& io, int fd);

/// Certificate and key of a TLS listener, and what its sessions have in common. Any thread.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  virtual std::unique_ptr<Stream> accept(IoThread& io, int fd) = 0;
};
Result<std::shared_ptr<TlsContext>> make_tls_context(const std::string& certificate, const std::string& key);

}  // namespace qiao::core
