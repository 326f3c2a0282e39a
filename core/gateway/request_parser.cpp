#include "core/gateway/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>

namespace qiao::core {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

class RequestParser::Impl final : public http::basic_parser<true> {
 public:
  explicit Impl(RequestParser& owner) : owner_(owner) {
    header_limit(64 * 1024);
    body_limit(std::numeric_limits<std::uint64_t>::max());  // until the route is known
  }

  std::optional<Refusal> refusal;
  bool head_done = false;
  int version = 11;

 private:
  void on_request_impl(http::verb, string_view verb, string_view where, int number, error_code& ec) override {
    version = number;
    owner_.method.assign(verb.data(), verb.size());
    owner_.target = {where.data(), where.size()};
    ec = {};
  }
  void on_response_impl(int, string_view, int, error_code& ec) override { ec = {}; }
  void on_field_impl(http::field, string_view name, string_view value, error_code& ec) override {
    ec = {};
    if (head_done) return;  // trailers say nothing that a handler may rely on
    auto& [lower, text] = owner_.headers.emplace_back();
    lower.assign(name.data(), name.size());
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    text.assign(value.data(), value.size());
  }
  void on_header_impl(error_code& ec) override {
    head_done = true;
    ec = {};
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& ec) override {
    // A stated length reserves little: the sender has not yet shown that the bytes exist.
    if (length) owner_.content.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 64 * 1024)));
    ec = {};
  }
  std::size_t on_body_impl(string_view body, error_code& ec) override {
    owner_.content.append(body.data(), body.size());
    ec = {};
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view extension, error_code& ec) override {
    ec = {};
    if (extension.size() > 256) ec = http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& ec) override {
    owner_.content.append(body.data(), body.size());
    ec = {};
    return body.size();
  }
  void on_finish_impl(error_code& ec) override { ec = {}; }

  RequestParser& owner_;
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>(*this)) { headers.reserve(12); }
RequestParser::~RequestParser() = default;

std::optional<Refusal> RequestParser::head(std::string_view head) {
  error_code failed;
  const std::size_t used = impl_->put(boost::asio::buffer(head.data(), head.size()), failed);
  if (failed || !impl_->head_done || used != head.size()) return Refusal{400, "the head is not valid HTTP/1.1"};
  return std::nullopt;
}

std::size_t RequestParser::body(std::string_view data) {
  std::size_t used = 0;
  while (used < data.size() && !impl_->is_done() && !impl_->refusal) {
    error_code failed;
    const std::size_t n = impl_->put(boost::asio::buffer(data.data() + used, data.size() - used), failed);
    used += n;
    if (failed == http::error::need_more) {
      // What is kept back is a chunk's size line or the trailers; nothing honest makes them this long.
      if (data.size() - used > 4096) impl_->refusal = Refusal{400, "a chunk's header or the trailers are too long"};
      break;
    }
    if (failed == http::error::body_limit) {
      impl_->refusal = Refusal{413, "the body is larger than this address accepts"};
    } else if (failed) {
      impl_->refusal = Refusal{400, "a bad chunk"};
    } else if (n == 0) {
      break;
    }
  }
  return used;
}

void RequestParser::limit_body(std::size_t bytes) { impl_->body_limit(bytes); }
bool RequestParser::done() const { return impl_->is_done(); }
const std::optional<Refusal>& RequestParser::refusal() const noexcept { return impl_->refusal; }
bool RequestParser::keep_alive() const { return impl_->keep_alive(); }
bool RequestParser::upgrade() const { return impl_->upgrade(); }
bool RequestParser::chunked() const { return impl_->chunked(); }
bool RequestParser::http10() const { return impl_->version == 10; }
std::size_t RequestParser::content_length() const {
  const auto length = impl_->content_length();
  return length ? static_cast<std::size_t>(*length) : 0;
}

}  // namespace qiao::core
