#include "mysql_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace qiao::testkit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct User {
  uid_t id;
  gid_t group;
};

/// MariaDB refuses to run as root.
User server_user() {
  if (::geteuid() != 0) return {::geteuid(), ::getegid()};
  const struct passwd* nobody = ::getpwnam("nobody");
  if (nobody == nullptr) throw std::runtime_error("MysqlServer: there is no user \"nobody\"");
  return {nobody->pw_uid, nobody->pw_gid};
}

/// Starts a program as `user` with its output in `log`; it ends when this process does.
pid_t launch(const std::vector<std::string>& words, const User& user, const fs::path& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("MysqlServer: cannot fork");
  if (child > 0) return child;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(user.group) != 0 || ::setuid(user.id) != 0)) {
    ::_exit(126);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which clears it
  ::close_range(3, ~0U, 0);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

MysqlServer::MysqlServer(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
  std::string pattern = (fs::temp_directory_path() / "qiao-mysql-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("MysqlServer: no temporary folder");
  folder_ = pattern;
  const User user = server_user();
  fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  // A server that starts removes what others left in its folder for temporary tables: it gets one of its own.
  fs::create_directory(folder_ / "tmp");
  for (const fs::path& own : {folder_, folder_ / "tmp"}) {
    if (::chown(own.c_str(), user.id, user.group) != 0) throw std::runtime_error("MysqlServer: cannot chown");
  }
  install();
  start();
}

MysqlServer::~MysqlServer() {
  kill();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

MysqlServer& MysqlServer::shared() {
  // Tests that share it are not about power cuts: what a commit costs there is left out.
  static MysqlServer server({"--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync"});
  return server;
}

void MysqlServer::install() {
  const std::vector<std::string> words = {"mariadb-install-db",
                                          "--no-defaults",
                                          "--datadir=" + (folder_ / "data").string(),
                                          "--tmpdir=" + (folder_ / "tmp").string(),
                                          "--auth-root-authentication-method=normal",
                                          "--skip-test-db",
                                          "--innodb-log-file-size=8M"};
  if (wait_for(launch(words, server_user(), folder_ / "log")) != 0) {
    throw std::runtime_error("MysqlServer: mariadb-install-db failed (is mariadb-server installed?):\n" + log());
  }
}

void MysqlServer::spawn() {
  std::vector<std::string> words = {"mariadbd",
                                    "--no-defaults",
                                    "--datadir=" + (folder_ / "data").string(),
                                    "--tmpdir=" + (folder_ / "tmp").string(),
                                    "--socket=" + socket(),
                                    "--pid-file=" + (folder_ / "pid").string(),
                                    "--skip-name-resolve",
                                    "--innodb-log-file-size=8M",
                                    "--innodb-buffer-pool-size=32M",
                                    "--max-connections=400"};
  bool on_network = false;
  for (const std::string& word : arguments_) {
    words.push_back(word);
    on_network = on_network || word.starts_with("--port=");
  }
  words.push_back(on_network ? "--bind-address=127.0.0.1" : "--skip-networking");
  pid_ = launch(words, server_user(), folder_ / "log");
}

void MysqlServer::start() {
  spawn();
  wait_until_ready();
}

void MysqlServer::wait_until_ready() {
  const auto end = std::chrono::steady_clock::now() + 60s;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket().c_str(), sizeof(address.sun_path) - 1);
  while (std::chrono::steady_clock::now() < end) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = 0;
      break;
    }
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answers = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    char byte = 0;
    const bool greets = answers && ::recv(fd, &byte, 1, 0) == 1;  // connections are queued before the server is ready
    ::close(fd);
    if (greets) return;
    std::this_thread::sleep_for(20ms);
  }
  throw std::runtime_error("MysqlServer: mariadbd did not come up:\n" + log());
}

void MysqlServer::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  wait_for(pid_);
  pid_ = 0;
}

std::string MysqlServer::run(const std::string& sql) const {
  const fs::path out = folder_ / "client.out";
  std::error_code ignored;
  fs::remove(out, ignored);
  const User self{::geteuid(), ::getegid()};
  const std::vector<std::string> words = {"mariadb", "--no-defaults",       "--socket=" + socket(), "--user=root",
                                          "--batch", "--skip-column-names", "--execute=" + sql};
  const pid_t child = launch(words, ::geteuid() == 0 ? server_user() : self, out);
  const int status = wait_for(child);
  std::string text = read_text(out);
  if (status != 0) throw std::runtime_error("MysqlServer: " + text);
  return text;
}

std::string MysqlServer::log() const { return read_text(folder_ / "log"); }

}  // namespace qiao::testkit
