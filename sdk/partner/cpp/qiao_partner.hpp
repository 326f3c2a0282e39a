// Live stock from a Qiao hub, for a partner's own C++ program. One header, C++17, libcurl.
//
//   qiao_partner::Client hub({"https://hub.example.org", "qk_…"});
//   qiao_partner::Stock tea = hub.stock("A-100");
//   std::cout << tea.available << (tea.stale ? " (old)" : "") << '\n';
//
// Link with -lcurl, or define QIAO_PARTNER_NO_CURL and give a transport of your own. Errors are thrown as
// qiao_partner::Error. A Client may be used from several threads; its requests go out one after another.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef QIAO_PARTNER_HPP
#define QIAO_PARTNER_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#ifndef QIAO_PARTNER_NO_CURL
#include <curl/curl.h>

#include <memory>
#endif

namespace qiao_partner {

struct StockLevel {
  std::string warehouse;
  std::string name;
  double available = 0;
};

struct Stock {
  std::string sku;
  std::string warehouse;  // as asked for; empty: all together
  std::string name;
  std::string unit;
  double available = 0;  // what can be promised
  std::vector<StockLevel> warehouses;
  std::string as_of;   // when the ERP said so, ISO 8601
  bool stale = false;  // older than it should be: the ERP does not answer
};

struct StockList {
  std::vector<Stock> items;
  std::vector<std::string> unknown;      // SKUs that do not exist
  std::vector<std::string> unavailable;  // nothing is known of them at the moment
  std::vector<std::string> forbidden;    // SKUs that the key does not open
};

struct Product {
  std::string sku;
  std::string name;
  std::string barcode;
  std::string unit;
  std::string price;  // decimal text; empty: not known
  std::string currency;
  std::string url;
  std::map<std::string, std::string> attributes;
};

struct Quota {
  long limit = 0;
  long remaining = 0;
  long reset = 0;  // seconds until it begins anew
};

// What the hub refused, or that it did not answer (status 0).
class Error : public std::runtime_error {
 public:
  Error(int http_status, std::string stable_id, const std::string& text, long wait = 0)
      : std::runtime_error(text), status(http_status), id(std::move(stable_id)), retry_after(wait) {}
  const int status;
  const std::string id;    // e.g. "partners.unknown_sku"
  const long retry_after;  // seconds; 0: nothing was said
};

struct Request {
  std::string method;
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::chrono::milliseconds timeout{5000};
};

struct Response {
  int status = 0;                              // 0: no answer; then `body` says why
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

using Transport = std::function<Response(const Request&)>;

struct Options {
  std::string hub;  // "https://hub.example.org"
  std::string key;  // a server key
  std::chrono::milliseconds timeout{5000};
  int retries = 2;                                // of 429, 503 and no answer
  std::chrono::milliseconds longest_wait{10000};  // a longer Retry-After is thrown instead
  std::function<void(std::chrono::milliseconds)> sleep = [](std::chrono::milliseconds d) {
    std::this_thread::sleep_for(d);
  };
};

namespace detail {

// As much of JSON as the hub writes.
struct Json {
  enum class Kind { null, boolean, number, text, list, object } kind = Kind::null;
  bool boolean = false;
  double number = 0;
  std::string text;
  std::vector<Json> list;
  std::map<std::string, Json> object;

  const Json& operator[](const std::string& name) const {
    static const Json none;
    const auto found = object.find(name);
    return found == object.end() ? none : found->second;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const Json& one : list) out.push_back(one.text);
    return out;
  }
};

class JsonReader {
 public:
  explicit JsonReader(const std::string& text) : text_(text) {}

  Json read() {
    Json value = any(0);
    space();
    if (at_ != text_.size()) fail();
    return value;
  }

 private:
  [[noreturn]] static void fail() { throw Error(0, "no_answer", "the hub's answer is no JSON"); }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char next() {
    if (at_ >= text_.size()) fail();
    return text_[at_++];
  }
  void space() {
    while (at_ < text_.size() && (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t')) ++at_;
  }
  bool taken(char c) {
    space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void want(char c) {
    if (!taken(c)) fail();
  }
  void word(const char* rest) {
    for (; *rest != '\0'; ++rest) {
      if (next() != *rest) fail();
    }
  }

  Json any(int depth) {
    if (depth > 32) fail();
    space();
    Json value;
    switch (peek()) {
      case '{':
        value.kind = Json::Kind::object;
        ++at_;
        if (taken('}')) return value;
        do {
          space();
          std::string name = string();
          want(':');
          value.object[std::move(name)] = any(depth + 1);
        } while (taken(','));
        want('}');
        return value;
      case '[':
        value.kind = Json::Kind::list;
        ++at_;
        if (taken(']')) return value;
        do value.list.push_back(any(depth + 1));
        while (taken(','));
        want(']');
        return value;
      case '"':
        value.kind = Json::Kind::text;
        value.text = string();
        return value;
      case 't':
        word("true");
        value.kind = Json::Kind::boolean;
        value.boolean = true;
        return value;
      case 'f':
        word("false");
        value.kind = Json::Kind::boolean;
        return value;
      case 'n':
        word("null");
        return value;
      default:
        value.kind = Json::Kind::number;
        value.number = number();
        return value;
    }
  }

  double number() {
    const char* begin = text_.c_str() + at_;
    if (*begin != '-' && (*begin < '0' || *begin > '9')) fail();
    char* end = nullptr;
    const double value = std::strtod(begin, &end);
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  unsigned hex4() {
    unsigned value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = next();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) fail();
      value = value * 16 + static_cast<unsigned>(digit);
    }
    return value;
  }

  static void append_utf8(std::string& out, unsigned c) {
    const auto put = [&out](unsigned byte) { out.push_back(static_cast<char>(byte)); };
    if (c < 0x80) return put(c);
    if (c < 0x800) return put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
    if (c < 0x10000) return put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }

  std::string string() {
    if (next() != '"') fail();
    std::string out;
    for (;;) {
      const char c = next();
      if (c == '"') return out;
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      switch (const char e = next()) {
        case 'b':
          out.push_back('\b');
          break;
        case 'f':
          out.push_back('\f');
          break;
        case 'n':
          out.push_back('\n');
          break;
        case 'r':
          out.push_back('\r');
          break;
        case 't':
          out.push_back('\t');
          break;
        case 'u': {
          unsigned c1 = hex4();
          if (c1 >= 0xD800 && c1 < 0xDC00) {
            word("\\u");
            c1 = 0x10000 + ((c1 - 0xD800) << 10) + (hex4() - 0xDC00);
          }
          append_utf8(out, c1);
          break;
        }
        default:
          out.push_back(e);
      }
    }
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

inline std::string json_string(const std::string& text) {
  static const char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

inline std::string url_encode(const std::string& text) {
  static const char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

}  // namespace detail

#ifndef QIAO_PARTNER_NO_CURL
// Sends requests with libcurl over one kept connection. Verifies certificates, follows no redirects.
class CurlTransport {
 public:
  CurlTransport() : state_(std::make_shared<State>()) {}

  Response operator()(const Request& request) const {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    CURL* curl = state_->curl;
    if (!curl) return {0, {}, "libcurl could not be started"};
    Response response;
    curl_slist* headers = nullptr;
    for (const std::string& header : request.headers) headers = curl_slist_append(headers, header.c_str());
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response.body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &header_line);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response.headers);
    if (request.method == "POST") {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    }
    const CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) return {0, {}, curl_easy_strerror(code)};
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    return response;
  }

 private:
  struct State {
    State() {
      static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
      curl = once == CURLE_OK ? curl_easy_init() : nullptr;
    }
    ~State() { curl_easy_cleanup(curl); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    std::mutex mutex;
    CURL* curl = nullptr;
  };
  static constexpr std::size_t kLongest = 4u << 20;

  static std::size_t append(char* data, std::size_t size, std::size_t count, void* out) {
    auto& body = *static_cast<std::string*>(out);
    if (body.size() + size * count > kLongest) return 0;
    body.append(data, size * count);
    return size * count;
  }
  static std::size_t header_line(char* data, std::size_t size, std::size_t count, void* out) {
    const std::string line(data, size * count);
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return line.size();
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    const std::size_t end = line.find_last_not_of(" \t\r\n");
    if (begin != std::string::npos && end >= begin)
      (*static_cast<std::map<std::string, std::string>*>(out))[name] = line.substr(begin, end - begin + 1);
    return line.size();
  }

  std::shared_ptr<State> state_;
};
#endif

class Client {
 public:
#ifndef QIAO_PARTNER_NO_CURL
  explicit Client(Options options) : Client(std::move(options), CurlTransport()) {}
#endif
  Client(Options options, Transport transport) : options_(std::move(options)), transport_(std::move(transport)) {
    while (!options_.hub.empty() && options_.hub.back() == '/') options_.hub.pop_back();
  }

  // Throws an Error with status 404 for a SKU that does not exist.
  Stock stock(const std::string& sku, const std::string& warehouse = {}) {
    std::string target = "/api/partner/v1/stock?sku=" + detail::url_encode(sku);
    if (!warehouse.empty()) target += "&warehouse=" + detail::url_encode(warehouse);
    return read_stock(ask("GET", target, {}));
  }

  // Up to 100 SKUs.
  StockList stock_batch(const std::vector<std::string>& skus, const std::string& warehouse = {}) {
    std::string body = "{\"skus\":[";
    for (std::size_t i = 0; i < skus.size(); ++i) body += (i > 0 ? "," : "") + detail::json_string(skus[i]);
    body += "],\"warehouse\":" + detail::json_string(warehouse) + "}";
    const detail::Json answer = ask("POST", "/api/partner/v1/stock", body);
    StockList list;
    for (const detail::Json& item : answer["items"].list) list.items.push_back(read_stock(item));
    list.unknown = answer["unknown"].texts();
    list.unavailable = answer["unavailable"].texts();
    list.forbidden = answer["forbidden"].texts();
    return list;
  }

  std::vector<Product> products(const std::string& search, int limit = 10) {
    const detail::Json answer = ask(
        "GET", "/api/partner/v1/products?search=" + detail::url_encode(search) + "&limit=" + std::to_string(limit), {});
    std::vector<Product> products;
    for (const detail::Json& p : answer["products"].list) {
      Product product{p["sku"].text,   p["name"].text,     p["barcode"].text, p["unit"].text,
                      p["price"].text, p["currency"].text, p["url"].text,     {}};
      for (const auto& attribute : p["attributes"].object) product.attributes[attribute.first] = attribute.second.text;
      products.push_back(std::move(product));
    }
    return products;
  }

  // After the last answer.
  Quota quota() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return quota_;
  }

 private:
  static Stock read_stock(const detail::Json& json) {
    Stock stock{json["sku"].text,   json["warehouse"].text,   json["name"].text,
                json["unit"].text,  json["available"].number, {},
                json["as_of"].text, json["stale"].boolean};
    for (const detail::Json& level : json["warehouses"].list)
      stock.warehouses.push_back({level["warehouse"].text, level["name"].text, level["available"].number});
    return stock;
  }

  detail::Json ask(const std::string& method, const std::string& target, const std::string& body) {
    Request request{method,
                    options_.hub + target,
                    {"Authorization: Bearer " + options_.key, "Accept: application/json"},
                    body,
                    options_.timeout};
    if (method == "POST") request.headers.push_back("Content-Type: application/json");
    for (int attempt = 0;; ++attempt) {
      const Response response = transport_(request);
      note_quota(response);
      if (response.status >= 200 && response.status < 300) return detail::JsonReader(response.body).read();
      const Error error = error_of(response);
      const std::chrono::milliseconds wait = error.retry_after > 0 ? std::chrono::milliseconds(error.retry_after * 1000)
                                                                   : std::chrono::milliseconds(250 << attempt);
      const bool may_help = response.status == 0 || response.status == 429 || response.status == 503;
      if (!may_help || attempt >= options_.retries || wait > options_.longest_wait) throw error;
      options_.sleep(wait);
    }
  }

  static long number_of(const Response& response, const char* name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? 0 : std::strtol(found->second.c_str(), nullptr, 10);
  }

  void note_quota(const Response& response) {
    if (response.headers.count("ratelimit-limit") == 0) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    quota_ = {number_of(response, "ratelimit-limit"), number_of(response, "ratelimit-remaining"),
              number_of(response, "ratelimit-reset")};
  }

  static Error error_of(const Response& response) {
    if (response.status == 0) return {0, "no_answer", "the hub did not answer: " + response.body};
    std::string id = "http." + std::to_string(response.status);
    std::string detail = "the hub answered " + std::to_string(response.status);
    try {
      const detail::Json problem = detail::JsonReader(response.body).read();
      const std::string prefix = "urn:qiao:error:";
      if (problem["type"].text.compare(0, prefix.size(), prefix) == 0) id = problem["type"].text.substr(prefix.size());
      if (!problem["detail"].text.empty()) detail = problem["detail"].text;
    } catch (const Error&) {
      // A proxy on the way answered with something else; its status says enough.
    }
    return {response.status, id, detail, number_of(response, "retry-after")};
  }

  Options options_;
  Transport transport_;
  mutable std::mutex mutex_;
  Quota quota_;
};

}  // namespace qiao_partner

#endif
