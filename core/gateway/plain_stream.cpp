#include <sys/socket.h>

#include <cerrno>

#include "core/gateway/stream.hpp"

namespace qiao::core {
namespace {

class PlainStream final : public Stream {
 public:
  PlainStream(IoThread& io, int fd) : Stream(io, fd) {}

  ssize_t read(char* data, std::size_t size) override {
    for (;;) {
      const ssize_t got = ::recv(descriptor().fd(), data, size, 0);
      if (got > 0) {
        if (static_cast<std::size_t>(got) < size) descriptor().exhausted(Direction::read);
        return got;
      }
      if (got == 0) return kClosed;
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return kFailed;
      descriptor().exhausted(Direction::read);
      return kAgain;
    }
  }

  ssize_t write(const iovec* parts, int count) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = static_cast<std::size_t>(count);
    for (;;) {
      // One part needs no list of parts to be copied into the kernel.
      const ssize_t sent = count == 1 ? ::send(descriptor().fd(), parts->iov_base, parts->iov_len, MSG_NOSIGNAL)
                                      : ::sendmsg(descriptor().fd(), &message, MSG_NOSIGNAL);
      if (sent >= 0) return sent;
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return kFailed;
      descriptor().exhausted(Direction::write);
      return kAgain;
    }
  }

  bool may_have_more(std::size_t got, std::size_t size) const override { return got == size; }
  void finish() noexcept override { ::shutdown(descriptor().fd(), SHUT_WR); }
  bool secure() const noexcept override { return false; }

 private:
  using Stream::descriptor;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(IoThread& io, int fd) { return std::make_unique<PlainStream>(io, fd); }

}  // namespace qiao::core
