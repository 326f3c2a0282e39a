#include "core/gateway/http_connection.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/gateway/ws_session.hpp"
#include "core/observe/trace.hpp"

namespace qiao::core {
namespace {

constexpr std::size_t kKeptInput = 2048;  // bytes of buffer that stay with a connection between requests
constexpr std::size_t kHeadRoom = 448;    // what the head of an answer seldom exceeds
constexpr std::size_t kSmallBody = 2048;  // cheaper copied behind its head than sent as a part of its own

/// What a handler's HttpReply holds. The last copy to go without an answer answers 500, so that no client waits for a
/// handler that forgot it.
class ReplySlot {
 public:
  ReplySlot(std::shared_ptr<HttpConnection> connection, std::uint64_t serial)
      : connection_(std::move(connection)), serial_(serial) {}
  ReplySlot(const ReplySlot&) = delete;
  ReplySlot& operator=(const ReplySlot&) = delete;
  ~ReplySlot() {
    if (!done_.load()) answer(problem(500, "http.no_answer", "the handler ended without an answer"));
  }
  void answer(HttpResponse&& response) {
    if (!done_.exchange(true)) connection_->post_answer(serial_, std::move(response));
  }

 private:
  std::shared_ptr<HttpConnection> connection_;
  std::uint64_t serial_;
  std::atomic<bool> done_{false};
};

bool usable_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  });
}

/// Repeated lines of one header, joined in their order.
std::string all_values(const std::vector<std::pair<std::string, std::string>>& headers, std::string_view name) {
  std::string out;
  for (const auto& [key, value] : headers) {
    if (key == name) out += (out.empty() ? "" : ",") + value;
  }
  return out;
}

/// Answers 500 when the handler throws.
/// All by value: an answer given at once lets the connection forget them.
void call_handler(Front& front, std::shared_ptr<const Endpoint> endpoint, std::shared_ptr<const HttpRequest> request,
                  std::shared_ptr<ReplySlot> slot) {
  const TraceScope trace(request->request_id);
  try {
    endpoint->handler(request, [slot](HttpResponse response) { slot->answer(std::move(response)); });
  } catch (const std::exception& e) {
    front.services.log.error("the handler of {} {} ({}) threw: {} request={}", endpoint->route.method,
                             endpoint->route.path, endpoint->instance, e.what(), request->request_id.str());
    slot->answer(problem(500, "plugin.threw", "the request failed unexpectedly; the log has it under the request id"));
  }
}

HttpResponse wait_and_retry(int status, std::string_view id, std::string_view detail, std::chrono::milliseconds wait) {
  HttpResponse response = problem(status, id, detail);
  response.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, (wait.count() + 999) / 1000)));
  return response;
}

}  // namespace

HttpConnection::HttpConnection(Front& front, Worker& worker, std::unique_ptr<Stream> stream,
                               std::unique_ptr<ConnectionSlot> slot, const Address& peer)
    : Connection(worker.io),
      front_(front),
      worker_(worker),
      stream_(std::move(stream)),
      slot_(std::move(slot)),
      peer_(peer),
      client_(peer) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::start() {
  set_deadline(front_.options.header_timeout);
  await_read();
}

void HttpConnection::await_read() {
  if (!std::exchange(read_armed_, true)) stream_->descriptor().wait(Direction::read, shared_from_this());
}

void HttpConnection::abort() noexcept {
  if (state_ != State::closed) release_body();
  state_ = State::closed;
  stream_.reset();
  slot_.reset();
  request_.reset();
  match_ = {};
  unlink();
}

void HttpConnection::on_readable() {
  read_armed_ = false;
  const auto reading = [this] { return state_ == State::head || state_ == State::body; };
  if (!reading() && state_ != State::lingering) return;
  const std::span<char> buffer = io().buffer();
  for (int round = 0; round < 16; ++round) {
    const ssize_t got = stream_->read(buffer.data(), buffer.size());
    if (got == Stream::kAgain) return await_read();
    if (got == Stream::kAgainWrite) {
      read_wants_write_ = true;
      stream_->descriptor().wait(Direction::write, shared_from_this());
      return;
    }
    if (got < 0) return abort();
    if (state_ == State::lingering) continue;
    in_.append(buffer.data(), static_cast<std::size_t>(got));
    process();
    if (!reading()) return;
    if (!stream_->may_have_more(static_cast<std::size_t>(got), buffer.size())) return await_read();
  }
  if (!stream_->secure()) return await_read();
  // What TLS has already decrypted raises no event.
  io().post([self = shared_from_this()] { self->on_readable(); });
}

/// After an answer: first what was sent ahead, then the socket.
void HttpConnection::read_on() {
  process();
  if (state_ == State::head || state_ == State::body) stream_->secure() ? on_readable() : await_read();
}

void HttpConnection::process() {
  processing_ = true;
  now_ = SteadyClock::now();
  while ((state_ == State::head && process_head()) || (state_ == State::body && process_body())) {
  }
  if (state_ == State::body) extend_body_deadline();
  processing_ = false;
}

bool HttpConnection::process_head() {
  if (in_.empty()) return false;
  const bool first = began_ == SteadyClock::time_point{};
  if (first) began_ = now_;
  const bool complete = scanner_.scan(in_, front_.options.max_head);
  if (scanner_.refusal()) {
    refuse(*scanner_.refusal());
    return false;
  }
  if (!complete) {
    if (first) set_deadline(now_, front_.options.header_timeout);
    return false;
  }
  const std::size_t size = scanner_.size();
  begin_request(std::string_view(in_).substr(0, size));
  if (state_ != State::closed) in_.erase(0, size);
  if (state_ == State::body && parser_->done()) dispatch();
  return true;
}

bool HttpConnection::process_body() {
  if (in_.empty()) return false;
  in_.erase(0, parser_->body(in_));
  if (parser_->refusal()) {
    refuse(*parser_->refusal());
    return false;
  }
  if (!account_body()) {
    front_.metrics.refused(Refused::overloaded);
    HttpResponse busy = wait_and_retry(503, "overloaded", "the hub is busy; try again", std::chrono::seconds(1));
    respond({.response = std::move(busy), .close = true});
    return false;
  }
  if (!parser_->done()) return false;
  dispatch();
  return true;
}

/// Many slow uploads together must not eat the memory that everybody else needs.
bool HttpConnection::account_body() {
  const std::size_t more = parser_->content.size() - body_bytes_;
  body_bytes_ += more;
  return front_.body_bytes.fetch_add(more, std::memory_order_relaxed) + more <= front_.options.body_memory;
}

void HttpConnection::release_body() noexcept {
  front_.body_bytes.fetch_sub(std::exchange(body_bytes_, 0), std::memory_order_relaxed);
}

void HttpConnection::extend_body_deadline() {
  const auto earned =
      std::chrono::milliseconds(parser_->content.size() * 1000 / std::max<std::size_t>(1, front_.options.body_rate));
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(now_ - began_);
  set_deadline(now_, std::max(std::chrono::milliseconds(1), front_.options.body_grace + earned - spent));
}

void HttpConnection::begin_request(std::string_view head) {
  request_ = std::make_shared<HttpRequest>();
  request_->request_id = new_id();
  request_label_ = fmt::format_int(request_->request_id.value).c_str();
  behind_login_ = false;
  close_after_ = front_.stopping.load(std::memory_order_relaxed);
  if (const auto refused = check_head(head, front_.options.max_fields)) return refuse(*refused);
  parser_.emplace();
  if (const auto refused = parser_->head(head)) return refuse(*refused);
  if (!parser_->keep_alive()) close_after_ = true;
  request_->method = parser_->method;
  request_->headers = std::move(parser_->headers);
  if (const std::string_view asked = request_->header("x-request-id"); usable_request_id(asked)) request_label_ = asked;
  auto target = parse_target(parser_->target == "*" && request_->method == "OPTIONS" ? "/" : parser_->target);
  if (!target) return refuse({400, "the request target is not a clean path"});
  request_->path = std::move(target->path);
  request_->query = std::move(target->query);
  segments_ = std::move(target->segments);
  find_client();

  const bool has_body = parser_->chunked() || parser_->content_length() > 0;
  auto early = admit();
  if (!early && parser_->content_length() > match_.endpoint->route.max_body) {
    early.emplace(
        Answer{.response = problem(413, "too_large",
                                   fmt::format("the body is larger than the {} bytes that this address accepts",
                                               match_.endpoint->route.max_body))});
    front_.metrics.refused(Refused::too_large);
  }
  const std::string_view expect = request_->header("expect");
  if (!early && !expect.empty() && !equals_ignoring_case(expect, "100-continue")) {
    early.emplace(Answer{.response = problem(417, "http.expect", "only Expect: 100-continue is understood")});
  }
  if (early) {
    // Reading a body only to throw it away would let anybody keep us busy.
    early->close = early->close || has_body;
    return respond(std::move(*early));
  }
  if (match_.endpoint->factory) return upgrade();
  parser_->limit_body(match_.endpoint->route.max_body);
  state_ = State::body;
  if (has_body && !expect.empty() && !parser_->http10()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const iovec part{const_cast<char*>(kContinue.data()), kContinue.size()};
    if (stream_->write(&part, 1) != static_cast<ssize_t>(kContinue.size())) abort();
  }
}

void HttpConnection::find_client() {
  ClientAddress client{peer_, stream_->secure()};
  if (front_.trusted.contains(peer_)) {
    client = client_address(peer_, client.secure, front_.trusted, all_values(request_->headers, "x-forwarded-for"),
                            request_->header("x-forwarded-proto"));
  }
  if (client_text_.empty() || client.address != client_) client_text_ = client.address.str();
  client_ = client.address;
  request_->remote = client_text_;
  request_->secure = client.secure;
}

std::optional<Answer> HttpConnection::within_limits() {
  if (const auto wait = front_.limits.request(client_, now_); wait.count() > 0) {
    front_.metrics.refused(Refused::address_rate);
    return Answer{.response = wait_and_retry(429, "rate_limited", "too many requests from this address", wait)};
  }
  return std::nullopt;
}

/// Finds who answers and whether they may be asked; an answer when it ends here.
std::optional<Answer> HttpConnection::admit() {
  if (auto refused = within_limits()) return refused;
  match_ = worker_.table->find(request_->method, parser_->upgrade(), segments_, request_->path);
  if (match_.endpoint) return admit_endpoint(*match_.endpoint);
  if (match_.allow.empty()) return Answer{.response = problem(404, "not_found", "nothing is at this address")};
  if (request_->method == "OPTIONS") {
    HttpResponse options{.status = 204, .content_type = {}, .body = {}, .headers = {{"Allow", match_.allow}}};
    return Answer{.response = std::move(options)};
  }
  if (match_.mount && (request_->method == "GET" || request_->method == "HEAD")) {
    const std::string_view below = std::string_view(request_->path).substr(match_.mount->prefix.size());
    return match_.mount->files->serve(below, *request_);
  }
  HttpResponse wrong = problem(405, "http.method", fmt::format("{} is not possible here", request_->method));
  wrong.headers.emplace_back("Allow", match_.allow);
  return Answer{.response = std::move(wrong)};
}

std::optional<Answer> HttpConnection::admit_endpoint(const Endpoint& endpoint) {
  request_->params = std::move(match_.params);
  behind_login_ = !endpoint.route.access.open;
  Result<Principal> who = Principal{};
  if (behind_login_ || !request_->header("authorization").empty() || !request_->header("cookie").empty()) {
    who = authenticate(*worker_.table, *request_, front_.services.log);
  }
  if (auto refused = check_access(endpoint.route.access, *request_, who, front_.metrics)) {
    return Answer{.response = std::move(*refused)};
  }
  if (who) request_->principal = std::move(*who);
  if (request_->principal.type == Principal::Type::nobody) return std::nullopt;
  behind_login_ = true;
  const auto wait = front_.limits.session_request(request_->principal.session, now_);
  if (wait.count() == 0) return std::nullopt;
  front_.metrics.refused(Refused::session_rate);
  return Answer{.response = wait_and_retry(429, "rate_limited", "too many requests in this session", wait)};
}

void HttpConnection::upgrade() {
  const std::shared_ptr<Endpoint> endpoint = match_.endpoint;
  const auto refuse_with = [this](int status, std::string_view id, std::string_view detail) {
    respond({.response = problem(status, id, detail), .close = true});
  };
  if (!parser_->upgrade() || !equals_ignoring_case(request_->header("upgrade"), "websocket") || parser_->http10() ||
      request_->method != "GET" || request_->header("sec-websocket-version") != "13") {
    HttpResponse response = problem(426, "http.upgrade", "this address speaks WebSocket, version 13");
    response.headers.emplace_back("Upgrade", "websocket");
    response.headers.emplace_back("Sec-WebSocket-Version", "13");
    return respond({.response = std::move(response), .close = true});
  }
  const std::string accept = accept_key(request_->header("sec-websocket-key"));
  if (accept.empty() || !parser_->done()) return refuse_with(400, "http.upgrade", "not a WebSocket handshake");
  if (!origin_allowed(*request_, endpoint->socket.origins)) {
    front_.metrics.refused(Refused::origin);
    return refuse_with(403, "http.origin", "pages of this origin may not connect here");
  }
  const GatePass pass(endpoint->gate);
  if (!pass || front_.stopping.load(std::memory_order_relaxed))
    return refuse_with(503, "unavailable", "restarting; try again");
  std::string received = in_.substr(scanner_.size());
  auto session = std::make_shared<WsSession>(front_, worker_.io, std::move(*request_), endpoint);
  std::shared_ptr<SocketHandler> handler;
  try {
    const TraceScope trace(session->upgrade().request_id);
    handler = endpoint->factory(std::shared_ptr<Socket>(session));
  } catch (const std::exception& e) {
    front_.services.log.error("the WebSocket factory of {} {} threw: {} request={}", endpoint->instance,
                              endpoint->socket.path, e.what(), request_label_);
  }
  if (!handler) {
    session->abort();
    return refuse_with(500, "internal", "the socket could not be opened");
  }
  std::string handshake = fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n"
      "X-Request-Id: {}\r\n\r\n",
      accept, request_label_);
  front_.metrics.answers[1]->add();
  auto stream = std::move(stream_);
  auto slot = std::move(slot_);
  abort();
  session->open(std::move(stream), std::move(slot), std::move(handler), std::move(handshake), std::move(received));
}

void HttpConnection::dispatch() {
  request_->body = std::move(parser_->content);
  state_ = State::handling;
  if (match_.endpoint->json_body && !request_->body.empty() && !is_json_type(request_->header("content-type"))) {
    return respond({.response = problem(415, "http.media_type", "send the body as Content-Type: application/json")});
  }
  GatePass pass(match_.endpoint->gate);
  if (pass) return run_handler(match_.endpoint, std::move(pass));
  // The instance was replaced while the body arrived: its successor answers.
  if (auto early = admit()) return respond(std::move(*early));
  GatePass second(match_.endpoint->gate);
  if (second && match_.endpoint->handler) return run_handler(match_.endpoint, std::move(second));
  respond({.response = wait_and_retry(503, "unavailable", "restarting; try again", std::chrono::seconds(1))});
}

void HttpConnection::run_handler(const std::shared_ptr<Endpoint>& endpoint, GatePass pass) {
  set_deadline(now_, front_.options.answer_timeout);
  const std::uint64_t serial = ++serial_;
  auto slot = std::make_shared<ReplySlot>(std::static_pointer_cast<HttpConnection>(shared_from_this()), serial);
  if (endpoint->route.run == Run::direct) return call_handler(front_, endpoint, request_, std::move(slot));
  struct Place {
    std::shared_ptr<Front> front;
    GatePass pass;
    Place(std::shared_ptr<Front> f, GatePass p) : front(std::move(f)), pass(std::move(p)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { front->blocking.fetch_sub(1, std::memory_order_relaxed); }
  };
  const bool room = front_.blocking.fetch_add(1, std::memory_order_relaxed) < front_.options.max_blocking;
  auto place = std::make_shared<Place>(front_.shared_from_this(), std::move(pass));
  auto work = [&front = front_, place, endpoint, request = request_, slot] {
    call_handler(front, endpoint, request, slot);
  };
  if (room && front_.services.blocking(std::move(work))) return;
  front_.metrics.refused(Refused::overloaded);
  front_.metrics.blocking_full.add();
  answered(serial, wait_and_retry(503, "overloaded", "the hub is busy; try again", std::chrono::seconds(1)));
}

void HttpConnection::post_answer(std::uint64_t serial, HttpResponse&& response) {
  if (io().on_this_thread()) return answered(serial, std::move(response));
  {
    const std::lock_guard lock(posted_mutex_);
    // An answer that came too late must not push out the one that is waited for.
    if (posted_ && posted_->serial > serial) return;
    posted_.emplace(Posted{serial, std::move(response)});
  }
  post_ready();
}

void HttpConnection::on_ready() {
  std::optional<Posted> posted;
  {
    const std::lock_guard lock(posted_mutex_);
    posted.swap(posted_);
  }
  if (posted) answered(posted->serial, std::move(posted->response));
}

void HttpConnection::answered(std::uint64_t serial, HttpResponse&& response) {
  if (state_ != State::handling || serial != serial_) return;
  ++serial_;
  respond({.response = std::move(response)});
}

void HttpConnection::refuse(const Refusal& refusal) {
  front_.metrics.refused(refusal.status == 413 || refusal.status == 431 ? Refused::too_large
                         : refusal.status == 408                        ? Refused::too_slow
                                                                        : Refused::malformed);
  if (request_label_.empty()) request_label_ = new_id().str();
  respond({.response = problem(refusal.status, "http.refused", refusal.why), .close = true});
}

void HttpConnection::respond(Answer&& answer) {
  if (state_ == State::closed) return;
  now_ = SteadyClock::now();
  out_ = std::move(answer);
  if (front_.stopping.load(std::memory_order_relaxed)) close_after_ = true;
  close_after_ = close_after_ || out_.close;
  const bool head_only = request_ && request_->method == "HEAD";
  HeadContext context{.keep_alive = !close_after_,
                      .secure = request_ ? request_->secure : stream_->secure(),
                      .behind_login = behind_login_,
                      .http10 = parser_ && parser_->http10(),
                      .request_id = request_label_,
                      .date = io().http_date()};
  const bool small = !out_.shared && !out_.file && out_.response.body.size() <= kSmallBody;
  out_head_.reserve(kHeadRoom + (small ? out_.response.body.size() : 0));
  if (!response_head(out_head_, out_.response, out_.size(), context)) {
    front_.services.log.error("an answer of {} {} has a header with a line break and was replaced, request={}",
                              request_ ? request_->method : "", request_ ? request_->path : "", request_label_);
    out_ = {.response = problem(500, "http.bad_header", "the answer could not be sent")};
    response_head(out_head_, out_.response, out_.size(), context);
  }
  const int status = out_.response.status;
  front_.metrics.answers[static_cast<std::size_t>(std::clamp(status / 100, 1, 5))]->add();
  if (match_.endpoint && match_.endpoint->latency) {
    match_.endpoint->latency->observe(std::chrono::duration<double>(now_ - began_).count());
  }
  if (head_only || status == 204 || status == 304) {
    out_.release();
  } else if (small) {
    out_head_ += out_.response.body;
    out_.response.body.clear();
  }
  sent_ = 0;
  state_ = State::writing;
  write(true);
}

/// `progress`: the other side has taken something since its time to do so was set.
void HttpConnection::write(bool progress) {
  const std::string_view body = out_.shared ? std::string_view(*out_.shared) : std::string_view(out_.response.body);
  const std::size_t total = out_head_.size() + (out_.file ? 0 : body.size());
  while (sent_ < total) {
    iovec parts[2];
    int count = 0;
    if (sent_ < out_head_.size()) parts[count++] = {out_head_.data() + sent_, out_head_.size() - sent_};
    const std::size_t done = sent_ > out_head_.size() ? sent_ - out_head_.size() : 0;
    if (!out_.file && done < body.size()) parts[count++] = {const_cast<char*>(body.data()) + done, body.size() - done};
    const ssize_t n = stream_->write(parts, count);
    if (n == Stream::kAgain || n == Stream::kAgainWrite) return await_write(progress);
    if (n < 0) return abort();
    sent_ += static_cast<std::size_t>(n);
    progress = true;
  }
  if (out_.file && out_.file->size > 0) return write_file(progress);
  finished();
}

void HttpConnection::write_file(bool progress) {
  FilePart& file = *out_.file;
  const std::span<char> buffer = io().buffer();
  while (file.size > 0) {
    const ssize_t got = ::pread(file.fd, buffer.data(), std::min(buffer.size(), file.size), file.offset);
    if (got <= 0) return abort();  // the file shrank; the promised length cannot be kept
    const iovec part{buffer.data(), static_cast<std::size_t>(got)};
    const ssize_t n = stream_->write(&part, 1);
    if (n == Stream::kAgain || n == Stream::kAgainWrite) return await_write(progress);
    if (n < 0) return abort();
    file.offset += n;
    file.size -= static_cast<std::size_t>(n);
    progress = true;
  }
  finished();
}

void HttpConnection::await_write(bool progress) {
  if (progress) set_deadline(front_.options.write_timeout);
  stream_->descriptor().wait(Direction::write, shared_from_this());
}

void HttpConnection::finished() {
  out_.release();
  out_head_ = {};
  release_body();
  if (close_after_) return linger();
  state_ = State::head;
  scanner_.reset();
  parser_.reset();
  request_.reset();
  match_ = {};
  segments_.clear();
  request_label_.clear();
  began_ = {};
  if (in_.empty() && in_.capacity() > kKeptInput) in_.shrink_to_fit();
  set_deadline(now_, front_.options.keep_alive);
  if (!processing_) read_on();
}

/// Closing with unread bytes would reset the connection and could take the answer with it.
void HttpConnection::linger() {
  stream_->finish();
  state_ = State::lingering;
  in_ = {};
  set_deadline(front_.options.close_timeout);
  await_read();
}

void HttpConnection::on_writable() {
  if (state_ == State::closed) return;
  if (std::exchange(read_wants_write_, false)) return on_readable();
  now_ = SteadyClock::now();
  if (state_ == State::writing) write(false);
}

void HttpConnection::on_deadline() {
  switch (state_) {
    case State::head:
      if (in_.empty()) return abort();
      return refuse({408, "the head did not arrive in time"});
    case State::body:
      return refuse({408, "the body arrives too slowly"});
    case State::handling:
      front_.services.log.warn("{} {} was not answered within {} ms, request={}", request_->method, request_->path,
                               front_.options.answer_timeout.count(), request_label_);
      ++serial_;
      return respond({.response = problem(504, "timeout", "the hub did not answer in time"), .close = true});
    default:
      return abort();
  }
}

void HttpConnection::on_shutdown() {
  close_after_ = true;
  if (state_ == State::head || state_ == State::lingering) abort();
}

}  // namespace qiao::core
