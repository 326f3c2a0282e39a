#include "tests/simulators/simulator.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace qiao::simulators {

Simulator Simulator::of(const std::string& system) {
  return {"tests/simulators/erp/main.mjs", {"--only", system, "--with-parent"}};
}

Simulator Simulator::of_channel(const std::string& system, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--only", system, "--with-parent"});
  return {"tests/simulators/channels/main.mjs", arguments};
}

Simulator::Simulator(const std::string& script, const std::vector<std::string>& arguments) {
  const std::string path = std::string(QIAO_SOURCE_DIR) + "/" + script;
  std::vector<char*> argv{const_cast<char*>("node"), const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::execvp("node", argv.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  for (char c = 0; ::read(out[0], &c, 1) == 1 && c != '\n';) line_ += c;
  output_ = out[0];
  const std::size_t start = line_.find(' ');
  if (process_ < 0 || start == std::string::npos) throw std::runtime_error("the simulator did not start: " + path);
  url_ = line_.substr(start + 1, line_.find(' ', start + 1) - start - 1);
}

Simulator::Simulator(Simulator&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      line_(std::move(other.line_)),
      url_(std::move(other.url_)) {}

Simulator::~Simulator() {
  if (input_ >= 0) ::close(input_);
  if (output_ >= 0) ::close(output_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

void Simulator::tell(const std::string& line) const {
  const std::string text = line + "\n";
  if (::write(input_, text.data(), text.size()) < 0) throw std::runtime_error("the simulator is gone");
  for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';) {
  }
}

std::string Simulator::control(const std::string& json) const { return http("POST", json); }
std::string Simulator::state() const { return http("GET", ""); }

std::string Simulator::http(const std::string& method, const std::string& body) const {
  const Poco::URI uri(url_);
  Poco::Net::HTTPClientSession session(uri.getHost(), uri.getPort());
  Poco::Net::HTTPRequest request(method, "/_sim", "HTTP/1.1");
  request.setContentLength(static_cast<std::streamsize>(body.size()));
  session.sendRequest(request) << body;
  Poco::Net::HTTPResponse response;
  std::string text;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
  return text;
}

}  // namespace qiao::simulators
