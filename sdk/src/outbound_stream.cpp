#include "qiao/outbound_stream.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <limits>

#include "outbound_resolve.hpp"

namespace qiao {

using detail::Ended;
using detail::GuardedSocket;
using detail::SteadyClock;

namespace {

/// Readable once given, until taken.
class Signal {
 public:
  Signal() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::runtime_error("OutboundStream: no file descriptor left");
  }
  ~Signal() { ::close(fd_); }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  void give() const noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  }
  void take() const noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(fd_, &count, sizeof count);
  }

 private:
  const int fd_;
};

}  // namespace

struct OutboundStream::Impl {
  explicit Impl(StreamSettings given) : settings(std::move(given)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { socket = Poco::Net::StreamSocket(); }

  [[nodiscard]] std::string name() const { return fmt::format("{}:{}", settings.host, settings.port); }

  [[nodiscard]] Error failed() const {
    switch (guarded == nullptr ? Ended::by_peer : guarded->ended()) {
      case Ended::timeout:
        return {Errc::timeout, "outbound.timeout", fmt::format("{} did not answer in time", name())};
      case Ended::cancelled:
        return {Errc::cancelled, "the connection was closed"};
      case Ended::tls:
        return {Errc::unavailable, "outbound.tls", fmt::format("{} sent broken TLS", name())};
      default:
        return {Errc::unavailable, "outbound.broken", fmt::format("{} ended the connection", name())};
    }
  }

  Result<void> secure() {
    auto context = detail::outbound_tls(settings.ca_file);
    if (!context) return context.error();
    guarded->begin(SteadyClock::now() + settings.connect_timeout, kNoLimit);
    auto done = guarded->secure(context->get(), settings.host, detail::numeric_address(settings.host).has_value());
    if (done) encrypted = true;
    return done;
  }

  /// Adds what there is to the buffer, at least a byte.
  Result<void> more() {
    char bytes[16 * 1024];
    try {
      const int n = guarded == nullptr ? 0 : guarded->receiveBytes(bytes, sizeof bytes, 0);
      if (n <= 0) return failed();
      buffer.append(bytes, static_cast<std::size_t>(n));
    } catch (const Poco::Exception&) {
      return failed();
    }
    return {};
  }

  /// `more`, but false instead of an error when nothing came in time or the bell rang.
  Result<bool> patiently(std::chrono::milliseconds patience) {
    if (guarded == nullptr) return failed();
    guarded->be_patient(GuardedSocket::Patience{SteadyClock::now() + patience, bell.fd()});
    const auto came = more();
    guarded->be_patient(std::nullopt);
    bell.take();
    if (came) return true;
    if (guarded->ended() == Ended::no) return false;
    return came.error();
  }

  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
  const StreamSettings settings;
  const Signal ended;
  const Signal bell;
  std::atomic<bool> closed{false};
  Poco::Net::StreamSocket socket;    // owns `guarded`
  GuardedSocket* guarded = nullptr;  // null until connected
  bool encrypted = false;
  std::string buffer;
};

OutboundStream::OutboundStream(StreamSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
OutboundStream::~OutboundStream() = default;

Result<void> OutboundStream::connect() {
  Impl& me = *impl_;
  const auto until = SteadyClock::now() + me.settings.connect_timeout;
  auto addresses = detail::resolve_host(me.settings.host, until, std::make_shared<std::atomic<int>>(0),
                                        [&me] { return me.closed.load(); });
  if (!addresses) return addresses.error();
  for (detail::Address& address : *addresses) detail::set_port(address, me.settings.port);
  Ended ended = Ended::by_peer;
  const int fd = detail::connect_to_any(*addresses, until, me.ended.fd(), ended);
  if (ended == Ended::cancelled) return Error{Errc::cancelled, "the connection was closed"};
  if (fd < 0) {
    return Error{Errc::unavailable, "outbound.unreachable",
                 fmt::format(fmt::runtime(ended == Ended::timeout ? "{} did not accept a connection within {} ms"
                                                                  : "{} refused the connection"),
                             me.name(), me.settings.connect_timeout.count())};
  }
  me.guarded = new GuardedSocket(fd, me.ended.fd());
  me.socket = Poco::Net::StreamSocket(me.guarded);
  me.guarded->begin(until, Impl::kNoLimit);
  return me.settings.tls ? me.secure() : Result<void>{};
}

Result<void> OutboundStream::start_tls() {
  if (!impl_->buffer.empty() || readable()) {
    return Error{Errc::unavailable, "outbound.tls",
                 fmt::format("{} sent more than it was asked for before the encryption began", impl_->name())};
  }
  return impl_->secure();
}

bool OutboundStream::encrypted() const noexcept { return impl_->encrypted; }

void OutboundStream::within(std::chrono::milliseconds time) {
  if (impl_->guarded != nullptr) impl_->guarded->begin(SteadyClock::now() + time, Impl::kNoLimit);
}

Result<void> OutboundStream::write(std::string_view bytes) {
  if (impl_->guarded == nullptr) return impl_->failed();
  constexpr std::size_t kPiece = 1 << 20;
  try {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(kPiece, bytes.size()))) {
      impl_->guarded->sendBytes(bytes.data(), static_cast<int>(std::min(kPiece, bytes.size())), 0);
    }
  } catch (const Poco::Exception&) {
    return impl_->failed();
  }
  return {};
}

Result<std::string> OutboundStream::read_line(std::size_t most) {
  std::string& buffer = impl_->buffer;
  std::size_t looked = 0;
  for (;;) {
    const std::size_t end = buffer.find('\n', looked);
    if (end != std::string::npos) {
      std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    looked = buffer.size();
    if (looked > most) {
      return Error{Errc::too_large, "outbound.too_large",
                   fmt::format("{} sent a line of more than {} bytes", impl_->name(), most)};
    }
    if (auto more = impl_->more(); !more) return more.error();
  }
}

Result<std::string> OutboundStream::read(std::size_t count) {
  std::string& buffer = impl_->buffer;
  while (buffer.size() < count) {
    if (auto more = impl_->more(); !more) return more.error();
  }
  std::string bytes = buffer.substr(0, count);
  buffer.erase(0, count);
  return bytes;
}

Result<std::string> OutboundStream::read_some() {
  if (impl_->buffer.empty()) {
    if (auto more = impl_->more(); !more) return more.error();
  }
  return std::exchange(impl_->buffer, {});
}

Result<bool> OutboundStream::wait(std::chrono::milliseconds patience) {
  if (!impl_->buffer.empty()) return true;
  return impl_->patiently(patience);
}

void OutboundStream::wake() noexcept { impl_->bell.give(); }

bool OutboundStream::readable() {
  return !impl_->buffer.empty() || impl_->guarded == nullptr || impl_->guarded->holds_input() ||
         impl_->guarded->stale();
}

void OutboundStream::close() noexcept {
  impl_->closed = true;
  impl_->ended.give();
}

}  // namespace qiao
