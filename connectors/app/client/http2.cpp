#include "connectors/app/client/http2.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace qiao::app {
namespace {

constexpr std::size_t kMostAnswer = 64 * 1024;

using Answer = Result<OutboundResponse>;
const Error kClosed{Errc::cancelled, "the push connection is closed"};

struct Handle {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct Lines {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Call {
  std::unique_ptr<CURL, Handle> easy{curl_easy_init()};
  std::unique_ptr<curl_slist, Lines> headers;
  std::string body;
  OutboundResponse response;
  bool too_large = false;
  std::promise<Answer> answer;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& call = *static_cast<Call*>(user);
  if (call.response.body.size() + size > kMostAnswer) {
    call.too_large = true;
    return 0;
  }
  call.response.body.append(data, size);
  return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* user) {
  std::string_view line(data, size);
  const auto colon = line.find(':', 1);
  if (colon == std::string_view::npos) return size;  // the status
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
  static_cast<Call*>(user)->response.headers.emplace_back(std::move(name), value);
  return size;
}

Error error_of(CURLcode code) {
  const std::string says = curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {Errc::timeout, "outbound.timeout", "no answer in time"};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Errc::unavailable, "outbound.unresolved", says};
    case CURLE_COULDNT_CONNECT:
      return {Errc::unavailable, "outbound.unreachable", says};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return {Errc::unavailable, "outbound.tls", says};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {Errc::bad_value, "outbound.bad_url", says};
    default:
      return {Errc::unavailable, "outbound.broken", says};
  }
}

}  // namespace

/// One thread drives all transfers; `waiting_` and `closed_` are what it shares with callers.
class Http2Client::Impl {
 public:
  explicit Impl(Settings settings) : settings_(std::move(settings)) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)ready;
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, 2L);
    thread_ = std::thread([this] { run(); });
  }

  ~Impl() {
    close();
    thread_.join();
    curl_multi_cleanup(multi_);
  }

  /// A server may end a connection with calls under way; these are sent once more, on a new one.
  Answer send(const OutboundRequest& request) {
    Answer answer = send_once(request);
    if (answer || answer.error().id != "outbound.broken") return answer;
    return send_once(request);
  }

  void close() noexcept {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    curl_multi_wakeup(multi_);
  }

 private:
  Answer send_once(const OutboundRequest& request) {
    auto call = std::make_unique<Call>();
    if (auto ok = prepare(*call, request); !ok) return ok.error();
    std::future<Answer> answer = call->answer.get_future();
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return kClosed;
      waiting_.push_back(std::move(call));
    }
    curl_multi_wakeup(multi_);
    return answer.get();
  }

  Result<void> prepare(Call& call, const OutboundRequest& request) const {
    for (const auto& [name, value] : request.headers) {
      if ((name + value).find_first_of(std::string("\r\n\0", 3)) != std::string::npos) {
        return Error{Errc::bad_value, "outbound.bad_request", "a header with a line break cannot be sent"};
      }
      curl_slist* longer = curl_slist_append(call.headers.get(), (name + ": " + value).c_str());
      (void)call.headers.release();
      call.headers.reset(longer);
    }
    call.body = request.body;
    CURL* easy = call.easy.get();
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(settings_.timeout.count()));
    if (!settings_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, settings_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(call.body.size()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call.headers.get());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &call);
    return {};
  }

  void run() {
    while (admit()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      settle();
      curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
    for (const auto& call : active_) {
      curl_multi_remove_handle(multi_, call->easy.get());
      call->answer.set_value(kClosed);
    }
    active_.clear();
  }

  /// Starts what callers have put down; false when there is to be no more.
  bool admit() {
    std::vector<std::unique_ptr<Call>> fresh;
    bool closed = false;
    {
      const std::lock_guard lock(mutex_);
      fresh.swap(waiting_);
      closed = closed_;
    }
    for (auto& call : fresh) {
      curl_multi_add_handle(multi_, call->easy.get());
      active_.push_back(std::move(call));
    }
    return !closed;
  }

  void settle() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* easy = message->easy_handle;
      curl_multi_remove_handle(multi_, easy);
      const auto found =
          std::find_if(active_.begin(), active_.end(), [easy](const auto& c) { return c->easy.get() == easy; });
      const std::unique_ptr<Call> call = std::move(*found);
      active_.erase(found);
      call->answer.set_value(answer_of(*call, code));
    }
  }

  static Answer answer_of(Call& call, CURLcode code) {
    if (call.too_large) return Error{Errc::too_large, "outbound.too_large", "the answer is larger than 64 KB"};
    if (code != CURLE_OK) return error_of(code);
    long status = 0, version = 0;
    curl_easy_getinfo(call.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(call.easy.get(), CURLINFO_HTTP_VERSION, &version);
    if (version != CURL_HTTP_VERSION_2_0) {
      return Error{Errc::unavailable, "push.no_http2",
                   "the address does not speak HTTP/2; is something between the hub and the push service?"};
    }
    call.response.status = static_cast<int>(status);
    return std::move(call.response);
  }

  const Settings settings_;
  CURLM* multi_ = nullptr;
  std::mutex mutex_;
  bool closed_ = false;
  std::vector<std::unique_ptr<Call>> waiting_;
  std::vector<std::unique_ptr<Call>> active_;  // the thread's own
  std::thread thread_;
};

Http2Client::Http2Client(Settings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Http2Client::~Http2Client() = default;
Result<OutboundResponse> Http2Client::send(const OutboundRequest& request) { return impl_->send(request); }
void Http2Client::close() noexcept { impl_->close(); }

}  // namespace qiao::app
