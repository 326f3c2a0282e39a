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
  if (dropped_ > 0) {
    const std::string notice = fmt::format("nobody reads this log: {} lines were dropped here\n", dropped_);
    if (!write(notice)) {
      ++dropped_;
      return;
    }
    dropped_ = 0;
  }
  if (!write({text.data(), text.size()})) ++dropped_;
}

bool DescriptorSink::write(std::string_view text) const {
  while (!text.empty()) {
    pollfd room{descriptor_, POLLOUT, 0};
    if (::poll(&room, 1, 0) < 0 && errno == EINTR) continue;
    if ((room.revents & POLLOUT) == 0) return false;
    // A pipe that is writable takes this much at once without waiting.
    const ssize_t done = ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace qiao::core
