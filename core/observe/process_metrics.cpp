#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "core/observe/metrics.hpp"

namespace qiao::core {
namespace {

/// What /proc/self/stat says after the program's name, which may itself hold spaces and brackets.
struct ProcStat {
  double threads = 0;
  double start_ticks = 0;
  double virtual_bytes = 0;
  double resident_pages = 0;
};

ProcStat read_proc_stat() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  ProcStat stat;
  const auto end = line.rfind(')');
  if (end == std::string::npos) return stat;
  std::istringstream fields(line.substr(end + 1));
  std::string field;
  // Numbered as in proc(5); the first field after the bracket is the state, 3.
  for (int number = 3; number <= 24 && fields >> field; ++number) {
    if (number == 20) stat.threads = std::stod(field);
    if (number == 22) stat.start_ticks = std::stod(field);
    if (number == 23) stat.virtual_bytes = std::stod(field);
    if (number == 24) stat.resident_pages = std::stod(field);
  }
  return stat;
}

double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  std::string key;
  while (file >> key) {
    double value = 0;
    if (key == "btime" && file >> value) return value;
    file.ignore(1 << 20, '\n');
  }
  return 0;
}

double count_open_descriptors() {
  std::error_code ignored;
  double count = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", ignored);
       it != std::filesystem::directory_iterator(); it.increment(ignored)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // the listing itself held one
}

}  // namespace

void add_process_metrics(MetricsRegistry& registry) {
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  const double started = boot_time_seconds() + read_proc_stat().start_ticks / ticks;
  registry.add_collector([page, started](MetricsText& text) {
    const ProcStat stat = read_proc_stat();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    text.sample("process_cpu_seconds_total", MetricsText::Type::counter, "Processor time used", {},
                seconds(usage.ru_utime) + seconds(usage.ru_stime));
    text.gauge("process_resident_memory_bytes", "Resident memory", {}, stat.resident_pages * page);
    text.gauge("process_virtual_memory_bytes", "Virtual memory", {}, stat.virtual_bytes);
    text.gauge("process_threads", "Threads", {}, stat.threads);
    text.gauge("process_open_fds", "Open file descriptors", {}, count_open_descriptors());
    text.gauge("process_max_fds", "Limit of file descriptors", {}, static_cast<double>(files.rlim_cur));
    text.gauge("process_start_time_seconds", "Start of the process, seconds since 1970", {}, started);
  });
}

}  // namespace qiao::core
