#pragma once

#include <memory>
#include <optional>
#include <string>

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
  void post_answer(std::uint64_t serial, HttpResponse response);

  void on_readable() override;
  void on_writable() override;
  void on_deadline() override;
  void on_shutdown() override;
  void abort() noexcept override;

 private:
  enum class State : std::uint8_t { head, body, handling, writing, lingering, closed };

  void await_read();
  void read_on();
  void process();
  bool process_head();
  bool process_body();
  void begin_request(std::string_view head);
  [[nodiscard]] std::optional<Answer> admit();
  [[nodiscard]] std::optional<Answer> admit_endpoint(const Endpoint& endpoint);
  [[nodiscard]] std::optional<Answer> within_limits();
  void upgrade();
  void dispatch();
  void run_handler(const std::shared_ptr<Endpoint>& endpoint, GatePass pass);
  void answered(std::uint64_t serial, HttpResponse response);
  void refuse(const Refusal& refusal);
  void respond(Answer answer);
  void write();
  void write_file();
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

  State state_ = State::head;
  bool processing_ = false;
  bool read_armed_ = false;
  bool read_wants_write_ = false;
  bool close_after_ = false;
  bool behind_login_ = false;
  std::string in_;  ///< received and not yet used
  HeadScanner scanner_;
  std::unique_ptr<RequestParser> parser_;
  std::shared_ptr<HttpRequest> request_;
  std::vector<std::string> segments_;
  RouteTable::Match match_;
  std::string request_label_;  ///< X-Request-Id, as asked for or ours
  std::uint64_t serial_ = 0;
  std::size_t body_bytes_ = 0;  ///< of Front::body_bytes, ours
  std::chrono::steady_clock::time_point began_{};

  std::string out_head_;
  Answer out_;
  std::size_t sent_ = 0;
};

}  // namespace qiao::core
