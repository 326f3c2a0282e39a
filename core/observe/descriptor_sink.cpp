#include "core/observe/descriptor_sink.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace qiao::core {

void DescriptorSink::sink_it_(const spdlog::details::log_msg& line) {
  spdlog::memory_buf_t text;
  formatter_->format(line, text);
  const std::uint64_t missing = dropped_ - told_;
  const bool ready =
      finish() && (missing == 0 || write(fmt::format("nobody reads this log: {} lines were dropped here\n", missing)));
  if (ready) told_ += missing;
  if (!ready || !write({text.data(), text.size()})) ++dropped_;
}

bool DescriptorSink::finish() {
  rest_.erase(0, put(rest_));
  return rest_.empty();
}

bool DescriptorSink::write(std::string_view text) {
  const std::size_t done = put(text);
  if (done > 0) rest_ = text.substr(done);
  return done > 0;
}

std::size_t DescriptorSink::put(std::string_view text) {
  std::size_t all = 0;
  while (all < text.size()) {
    pollfd room{descriptor_, POLLOUT, 0};
    if (::poll(&room, 1, 0) < 0 && errno == EINTR) continue;
    if ((room.revents & POLLOUT) == 0) break;
    // A pipe that is writable takes this much at once without waiting.
    const ssize_t done = ::write(descriptor_, text.data() + all, std::min<std::size_t>(text.size() - all, PIPE_BUF));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) break;
    all += static_cast<std::size_t>(done);
  }
  return all;
}

}  // namespace qiao::core
