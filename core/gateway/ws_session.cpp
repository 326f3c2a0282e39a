#include "core/gateway/ws_session.hpp"

#include <algorithm>

namespace qiao::core {
namespace {

/// What a socket's handler may still ask for; the rest of the handshake would only be memory.
bool worth_keeping(const std::string& header) {
  for (const std::string_view gone :
       {"connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "pragma",
        "cache-control", "accept-encoding", "accept"}) {
    if (header == gone) return false;
  }
  return true;
}

std::size_t frame_size(std::size_t payload) { return payload + (payload < 126 ? 2 : payload <= 0xffff ? 4 : 10); }

}  // namespace

WsSession::WsSession(Front& front, std::shared_ptr<IoThread> io, HttpRequest upgrade,
                     std::shared_ptr<Endpoint> endpoint)
    : Connection(std::move(io)),
      front_(front),
      upgrade_(std::move(upgrade)),
      endpoint_(std::move(endpoint)),
      reader_(endpoint_->socket.max_frame),
      last_heard_(std::chrono::steady_clock::now()) {
  std::erase_if(upgrade_.headers, [](const auto& h) { return !worth_keeping(h.first); });
  upgrade_.headers.shrink_to_fit();
}

WsSession::~WsSession() = default;

void WsSession::open(std::unique_ptr<Stream> stream, std::unique_ptr<ConnectionSlot> slot,
                     std::shared_ptr<SocketHandler> handler, std::string handshake, std::string received) {
  stream_ = std::move(stream);
  slot_ = std::move(slot);
  handler_ = std::move(handler);
  front_.metrics.open_sockets.add(1);
  if (endpoint_->socket.idle.count() > 0) set_deadline(std::chrono::milliseconds(endpoint_->socket.idle) / 2);
  sending_.push_back({std::make_shared<const std::string>(std::move(handshake)), Opcode::text, true});
  {
    std::lock_guard lock(mutex_);
    queued_ += sending_.front().data->size();
  }
  flush();
  if (stream_ && !received.empty()) consume(received.data(), received.size());
  if (stream_) stream_->descriptor().wait(Direction::read, shared_from_this());
}

bool WsSession::send(std::shared_ptr<const std::string> text) {
  bool wake = false;
  bool taken = true;
  {
    std::lock_guard lock(mutex_);
    if (!accepting_) return false;
    queued_ += text->size();
    if (queued_ > front_.options.socket_queue) {
      taken = accepting_ = false;
      closing_ = overflow_ = true;
      queue_.clear();
      queue_.push_back(
          {std::make_shared<const std::string>(close_payload(close_code::kTryLater, "too slow")), Opcode::close});
    } else {
      queue_.push_back({std::move(text), Opcode::text});
    }
    wake = !std::exchange(scheduled_, true);
  }
  if (wake) post_ready();
  return taken;
}

void WsSession::close(int code, std::string_view reason) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (!accepting_) return;
    accepting_ = false;
    closing_ = true;
    queue_.push_back({std::make_shared<const std::string>(close_payload(code, reason)), Opcode::close});
    wake = !std::exchange(scheduled_, true);
  }
  if (wake) post_ready();
}

void WsSession::queue_control(Opcode opcode, std::string payload) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (!accepting_) return;
    queued_ += payload.size();
    queue_.push_back({std::make_shared<const std::string>(std::move(payload)), opcode});
    wake = !std::exchange(scheduled_, true);
  }
  if (wake) post_ready();
}

void WsSession::on_ready() {
  bool closing = false;
  bool overflow = false;
  {
    std::lock_guard lock(mutex_);
    scheduled_ = false;
    closing = closing_;
    overflow = std::exchange(overflow_, false);
  }
  if (!stream_) return;
  if (overflow) {
    // A frame that is partly out must be finished; the others make room for the close frame.
    sending_.resize(offset_ > 0 ? next_ + 1 : next_);
    deaf_ = true;
    front_.metrics.refused(Refused::slow_reader);
    tell_closed(close_code::kTryLater);
  }
  if (closing && !std::exchange(close_begun_, true)) set_deadline(front_.options.close_timeout);
  flush();
}

void WsSession::on_readable() {
  if (!stream_) return;
  const std::span<char> buffer = io().buffer();
  // Bounded, so that one busy socket does not starve the others of its thread.
  for (int round = 0; round < 8; ++round) {
    const ssize_t got = stream_->read(buffer.data(), buffer.size());
    if (got == Stream::kAgain) break;
    if (got == Stream::kAgainWrite) {
      read_wants_write_ = true;
      stream_->descriptor().wait(Direction::write, shared_from_this());
      return;
    }
    if (got < 0) return vanish();
    const auto size = static_cast<std::size_t>(got);
    last_heard_ = std::chrono::steady_clock::now();
    pinged_ = false;
    if (!deaf_ && !peer_closed_) consume(buffer.data(), size);
    if (!stream_) return;
    if (!stream_->may_have_more(size, buffer.size())) break;
    if (round == 7 && stream_->secure()) {
      // What TLS has already decrypted raises no event.
      io().post([self = shared_from_this()] { self->on_readable(); });
      return;
    }
  }
  stream_->descriptor().wait(Direction::read, shared_from_this());
}

void WsSession::consume(char* data, std::size_t size) {
  std::size_t used = 0;
  if (partial_.empty()) {
    used = reader_.feed(data, size, *this);
    if (used < size && reader_.error() == 0 && !deaf_ && !peer_closed_) partial_.assign(data + used, size - used);
  } else {
    partial_.append(data, size);
    used = reader_.feed(partial_.data(), partial_.size(), *this);
    if (used == partial_.size()) {
      partial_ = {};
    } else {
      partial_.erase(0, used);
    }
  }
  if (const int code = reader_.error(); code != 0 && !deaf_) {
    const std::string_view why = code == close_code::kTooBig        ? "message too big"
                                 : code == close_code::kBadText     ? "text is not UTF-8"
                                 : code == close_code::kUnsupported ? "only text"
                                                                    : "not a valid frame";
    fail(code, why, Refused::frame);
  }
}

bool WsSession::within_rate() {
  const unsigned rate = endpoint_->socket.messages_per_second;
  if (rate == 0 || rate_.take(last_heard_, rate, 2.0 * rate).count() == 0) return true;
  fail(close_code::kTooFast, "too many messages", Refused::frame_rate);
  return false;
}

bool WsSession::on_text(std::string_view text) {
  if (!within_rate()) return false;
  front_.metrics.frames_in.add();
  if (!handler_ || close_begun_) return true;
  try {
    handler_->on_text(text);
  } catch (const std::exception& e) {
    front_.services.log.error("the WebSocket handler of {} {} threw: {} request={}", endpoint_->instance,
                              endpoint_->socket.path, e.what(), upgrade_.request_id.str());
    fail(close_code::kInternal, "internal error", Refused::frame);
    return false;
  }
  return stream_ != nullptr;
}

bool WsSession::on_ping(std::string_view payload) {
  if (!within_rate()) return false;
  queue_control(Opcode::pong, std::string(payload));
  return true;
}

bool WsSession::on_pong() { return true; }

bool WsSession::on_close(int code) {
  peer_closed_ = true;
  tell_closed(code);
  close(code == close_code::kNoStatus ? close_code::kNormal : code, "");
  // Ours may be out already; then nothing more is to be sent.
  bool idle = false;
  {
    std::lock_guard lock(mutex_);
    idle = queue_.empty() && !scheduled_;
  }
  if (idle && next_ == sending_.size()) abort();
  return false;
}

void WsSession::fail(int code, std::string_view reason, Refused why) {
  deaf_ = true;
  partial_ = {};
  front_.metrics.refused(why);
  tell_closed(code);
  close(code, reason);
}

void WsSession::tell_closed(int code) noexcept {
  const auto handler = std::exchange(handler_, nullptr);
  if (!handler) return;
  try {
    handler->on_close(code);
  } catch (const std::exception& e) {
    front_.services.log.error("the WebSocket handler of {} {} threw in on_close: {}", endpoint_->instance,
                              endpoint_->socket.path, e.what());
  }
}

void WsSession::vanish() {
  tell_closed(close_code::kVanished);
  abort();
}

void WsSession::abort() noexcept {
  tell_closed(close_code::kVanished);
  {
    std::lock_guard lock(mutex_);
    accepting_ = false;
    queue_.clear();
  }
  if (stream_) front_.metrics.open_sockets.add(-1);
  sending_.clear();
  stream_.reset();
  slot_.reset();
  unlink();
}

void WsSession::on_writable() {
  if (!stream_) return;
  write_blocked_ = false;
  if (std::exchange(read_wants_write_, false)) {
    on_readable();
    if (!stream_) return;
  }
  flush();
}

void WsSession::flush() {
  if (write_blocked_ || !stream_) return;
  std::array<iovec, 2 * kBatch> parts;
  std::array<std::array<char, 10>, kBatch> headers;
  for (;;) {
    if (next_ == sending_.size()) {
      std::size_t done = 0;
      for (const Outgoing& frame : sending_) done += frame.data->size();
      sending_.clear();
      next_ = 0;
      std::lock_guard lock(mutex_);
      queued_ -= std::min(queued_, done);
      sending_.swap(queue_);
      if (sending_.empty()) break;
    }
    std::size_t frames = 0;
    const int count = gather(parts.data(), headers.data(), frames);
    const ssize_t sent = stream_->write(parts.data(), count);
    if (sent == Stream::kAgain || sent == Stream::kAgainWrite) {
      write_blocked_ = true;
      stream_->descriptor().wait(Direction::write, shared_from_this());
      return;
    }
    if (sent < 0) return vanish();
    advance(static_cast<std::size_t>(sent));
  }
  if (sending_.capacity() > 64) sending_.shrink_to_fit();
  after_flush();
}

int WsSession::gather(iovec* parts, std::array<char, 10>* headers, std::size_t& frames) const {
  int count = 0;
  std::size_t skip = offset_;
  const auto add = [&](const char* data, std::size_t size) {
    const std::size_t cut = std::min(skip, size);
    skip -= cut;
    if (size > cut) parts[count++] = {const_cast<char*>(data) + cut, size - cut};
  };
  for (std::size_t i = next_; i < sending_.size() && frames < kBatch; ++i, ++frames) {
    const Outgoing& frame = sending_[i];
    if (!frame.raw) add(headers[frames].data(), frame_header(headers[frames], frame.opcode, frame.data->size()));
    add(frame.data->data(), frame.data->size());
  }
  return count;
}

void WsSession::advance(std::size_t sent) {
  offset_ += sent;
  while (next_ < sending_.size()) {
    const Outgoing& frame = sending_[next_];
    const std::size_t size = frame.raw ? frame.data->size() : frame_size(frame.data->size());
    if (offset_ < size) return;
    offset_ -= size;
    ++next_;
    if (!frame.raw) front_.metrics.frames_out.add();
  }
}

void WsSession::after_flush() {
  if (!close_begun_) return;
  if (peer_closed_) return abort();
  if (deaf_) stream_->finish();
}

void WsSession::on_deadline() {
  if (!stream_) return;
  if (close_begun_) return vanish();
  const auto idle = std::chrono::duration_cast<std::chrono::milliseconds>(endpoint_->socket.idle);
  const auto silent =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - last_heard_);
  if (silent >= idle) return fail(close_code::kIdle, "nothing heard", Refused::idle);
  if (silent >= idle / 2 && !std::exchange(pinged_, true)) queue_control(Opcode::ping, {});
  set_deadline((pinged_ ? idle : idle / 2) - silent);
}

void WsSession::on_shutdown() {
  if (deaf_) return abort();
  close(close_code::kGoingAway, "the hub stops");
}

void WsSession::on_revoked(const void* owner) {
  if (endpoint_->gate.get() != owner) return;
  tell_closed(close_code::kRestart);
  close(close_code::kRestart, "the service restarts");
}

}  // namespace qiao::core
