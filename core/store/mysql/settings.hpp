#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "qiao/config.hpp"

namespace qiao::core::mysql {

enum class TlsMode : std::uint8_t {
  none,      ///< for a socket, for this machine, for a network that is trusted
  required,  ///< encrypted, with whoever answers
  verify,    ///< encrypted, and the server's certificate is that of `host`, signed by `ca`
};

struct Settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3306;
  std::string socket;  ///< a Unix socket, used instead of host and port
  std::string database = "qiao";
  std::string user = "qiao";
  Secret password;
  TlsMode tls = TlsMode::none;
  std::string ca;  ///< PEM file; empty: the system's authorities
  /// Servers that follow this one, for reports; user, password, database and tls are the same.
  struct Replica {
    std::string host;
    std::uint16_t port = 3306;
    std::string socket;
  };
  std::vector<Replica> replicas;
  std::chrono::seconds most_behind{30};  ///< a replica that is further behind is not used

  /// "127.0.0.1:3306" or the socket's path, for people.
  [[nodiscard]] std::string address() const { return socket.empty() ? host + ":" + std::to_string(port) : socket; }
};

}  // namespace qiao::core::mysql
