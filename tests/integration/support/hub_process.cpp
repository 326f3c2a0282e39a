#include "tests/integration/support/hub_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace qiao::testing {
namespace {

namespace fs = std::filesystem;

std::string binary() { return QIAO_BINARY_DIR "/bin/qiao"; }

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

pid_t spawn(const std::vector<std::string>& line, const fs::path& out, const fs::path& err, const fs::path& folder) {
  std::vector<char*> argv;
  for (const std::string& word : line) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const int out_fd = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err_fd = err == out ? out_fd : ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  ::dup2(out_fd, 1);
  ::dup2(err_fd, 2);
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

CommandResult run(const std::vector<std::string>& line, bool together, const fs::path& folder) {
  const TempFolder outputs;
  const fs::path out = outputs.path() / "out";
  const fs::path err = together ? out : outputs.path() / "err";
  const pid_t pid = spawn(line, out, err, folder);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {exit_code(status), read_file(out), together ? std::string() : read_file(err)};
}

}  // namespace

TempFolder::TempFolder() {
  std::string pattern = (fs::temp_directory_path() / "qiao-test-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_file(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

void put_in_place(const fs::path& from, const fs::path& to) {
  const fs::path aside = to.string() + ".new";
  fs::copy_file(from, aside, fs::copy_options::overwrite_existing);
  fs::rename(aside, to);
}

CommandResult run_qiao(const std::vector<std::string>& arguments) {
  std::vector<std::string> line{binary()};
  line.insert(line.end(), arguments.begin(), arguments.end());
  return run(line, false, ".");
}

CommandResult run_program(const std::vector<std::string>& line, const fs::path& folder) {
  return run(line, true, folder);
}

HubProcess::HubProcess(const fs::path& config, const fs::path& data, const std::vector<std::string>& more,
                       const std::string& other)
    : data_(data), log_(data.string() + ".log") {
  std::vector<std::string> line{
      other.empty() ? binary() : other, "run", "--config", config, "--data", data, "--listen", "127.0.0.1:0"};
  line.insert(line.end(), more.begin(), more.end());
  pid_ = spawn(line, log_, log_, ".");
  const std::string mark = "listens on http://127.0.0.1:";
  for (;;) {
    const std::string text = output();
    if (const auto at = text.find(mark); at != std::string::npos && text.find('\n', at) != std::string::npos) {
      port_ = std::atoi(text.c_str() + at + mark.size());
      return;
    }
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error(fmt::format("the hub ended with {}:\n{}", exit_code(status), output()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

HubProcess::~HubProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait();
  }
}

CommandResult HubProcess::command(std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--data", data_.string()});
  return run_qiao(arguments);
}

void HubProcess::signal(int number) const { ::kill(pid_, number); }

int HubProcess::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return exit_code(status);
}

std::string HubProcess::output() const { return read_file(log_); }

}  // namespace qiao::testing
