#pragma once

#include <string>

namespace qiao::testing {

struct HttpAnswer {
  int status = 0;  ///< 0: the connection broke
  std::string body;
};

/// One keep-alive connection to a port of this machine. One thread at a time.
class HttpConnection {
 public:
  explicit HttpConnection(int port) : port_(port) {}
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// `fields`: further header fields, each with its line end. Connects again when the server has closed the connection
  /// between two requests.
  HttpAnswer request(const std::string& method, const std::string& path, const std::string& body = {},
                     const std::string& fields = {});

 private:
  HttpAnswer exchange(const std::string& bytes);
  int port_;
  int fd_ = -1;
};

}  // namespace qiao::testing
