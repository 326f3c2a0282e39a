#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/bus/short_lock.hpp"
#include "core/gateway/front.hpp"
#include "core/gateway/request_parser.hpp"
#include "core/gateway/response.hpp"
#include "core/gateway/stream.hpp"
#include "core/gateway/url.hpp"

namespace qiao::core {

/// One HTTP/1.1 connection: requests one after another, also when they were sent ahead. I/O thread only, `post_answer`
/// from any.
class HttpConnection final : public Connection {
 public:
  HttpConnection(Front& front, Worker& worker, std::unique_ptr<Stream> stream, std::unique_ptr<ConnectionSlot> slot,
                 const Address& peer);
  ~HttpConnection() override;
  void start();

  /// Any thread: the answer to the request numbered `serial`; too late or a second one is dropped.
  void post_answer(std::uint64_t serial, HttpResponse&& response);

  void on_readable() override;
  void on_writable() override;
  void on_deadline() override;
  void on_ready() override;
  void on_shutdown() override;
  void abort() noexcept override;

 private:
  using SteadyClock = std::chrono::steady_clock;
  struct Posted {
    std::uint64_t serial;
    HttpResponse response;
  };
  enum class State : std::uint8_t { head, body, handling, writing, lingering, closed };

  void await_read();
  void read_on();
  void process();
  bool process_head();
  bool process_body();
  void begin_request(std::string_view head);
  [[nodiscard]] std::optional<Answer> admit();
  [[nodiscard]] std::optional<Answer> admit_endpoint(const Endpoint& endpoint);
  void find_client();
  [[nodiscard]] std::optional<Answer> within_limits();
  void upgrade();
  void dispatch();
  void run_handler(const std::shared_ptr<Endpoint>& endpoint, GatePass pass);
  void answered(std::uint64_t serial, HttpResponse&& response);
  void refuse(const Refusal& refusal);
  void respond(Answer&& answer);
  void write(bool progress);
  void write_file(bool progress);
  void await_write(bool progress);
  void finished();
  void linger();
  void extend_body_deadline();
  [[nodiscard]] bool account_body();
  void release_body() noexcept;

  Front& front_;
  Worker& worker_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<ConnectionSlot> slot_;
  Address peer_;
  Address client_;           ///< who asks: the peer, or who stands behind a trusted proxy
  std::string client_text_;  ///< of `client_`; empty: not yet written

  State state_ = State::head;
  bool processing_ = false;
  bool read_armed_ = false;
  bool read_wants_write_ = false;
  bool close_after_ = false;
  bool behind_login_ = false;
  std::string in_;  ///< received and not yet used
  HeadScanner scanner_;
  std::optional<RequestParser> parser_;
  std::shared_ptr<HttpRequest> request_;
  std::vector<std::string> segments_;
  RouteTable::Match match_;
  std::string request_label_;  ///< X-Request-Id, as asked for or ours
  std::uint64_t serial_ = 0;
  std::size_t body_bytes_ = 0;       ///< of Front::body_bytes, ours
  SteadyClock::time_point began_{};  ///< of the request; none yet: zero
  SteadyClock::time_point now_{};    ///< of what is being done: a look at the clock serves all that follows from it

  std::string out_head_;
  Answer out_;
  std::size_t sent_ = 0;

  bus::ShortMutex posted_mutex_;
  std::optional<Posted> posted_;  // guarded by posted_mutex_; the newest answer from another thread
};

}  // namespace qiao::core
