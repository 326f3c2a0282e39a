#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace qiao::simulators {

/// A program of Node that prints "name URL …" when it is ready and ends when its standard input does: one of the
/// simulators here, or a real server with a script around it. Ends with the object, by its process id.
///
///     Simulator odoo = Simulator::of("odoo");
///     odoo.control(R"({"fail":"busy"})");
class Simulator {
 public:
  /// erp/main.mjs with `--only system`. Throws std::runtime_error when it does not start.
  static Simulator of(const std::string& system);
  /// channels/main.mjs with `--only system`: a customer platform. `arguments`: further ones for it.
  static Simulator of_channel(const std::string& system, std::vector<std::string> arguments = {});
  /// Any script, path from the repository's root.
  Simulator(const std::string& script, const std::vector<std::string>& arguments);
  Simulator(Simulator&& other) noexcept;
  Simulator(const Simulator&) = delete;
  ~Simulator();

  [[nodiscard]] const std::string& url() const { return url_; }
  /// All that it printed on its first line.
  [[nodiscard]] const std::string& line() const { return line_; }
  /// Writes a line to its standard input and waits for the line that it answers.
  void tell(const std::string& line) const;
  /// Sets switches; see lib/server.mjs. What the simulator answers, as JSON.
  std::string control(const std::string& json) const;
  /// What `GET /_sim` tells, as JSON.
  [[nodiscard]] std::string state() const;

 private:
  [[nodiscard]] std::string http(const std::string& method, const std::string& body) const;
  pid_t process_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string line_;
  std::string url_;
};

}  // namespace qiao::simulators
