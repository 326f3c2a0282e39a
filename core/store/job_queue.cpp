#include "core/store/job_queue.hpp"

#include <algorithm>

namespace qiao::core {

bool JobQueue::push(Job& job) {
  auto index = static_cast<std::size_t>(job.priority);
  Waiting* waiting = nullptr;
  if (job.partition != 0) {
    waiting = &partitions_[job.partition];
    if (waiting->count > 0) index = waiting->queue;
  }
  if (queues_[index].size() >= capacity_) {
    if (waiting != nullptr && waiting->count == 0) partitions_.erase(job.partition);
    return false;
  }
  if (waiting != nullptr) {
    waiting->queue = static_cast<std::uint8_t>(index);
    ++waiting->count;
  }
  queues_[index].push_back(std::move(job));
  ++size_;
  return true;
}

void JobQueue::take(std::size_t most, std::vector<Job>& out) {
  std::array<std::size_t, kPriorities> shares{};
  std::size_t left = most;
  for (std::size_t i = kPriorities; i-- > 1;) {
    shares[i] = std::min({kShareOfLower, queues_[i].size(), left});
    left -= shares[i];
  }
  for (std::size_t i = 0; i < kPriorities; ++i) {
    const std::size_t more = std::min(left, queues_[i].size() - shares[i]);
    left -= more;
    take_from(i, shares[i] + more, out);
  }
}

void JobQueue::take_from(std::size_t queue, std::size_t count, std::vector<Job>& out) {
  for (; count > 0; --count) {
    Job& job = queues_[queue].front();
    if (job.partition != 0) {
      const auto waiting = partitions_.find(job.partition);
      if (--waiting->second.count == 0) partitions_.erase(waiting);
    }
    out.push_back(std::move(job));
    queues_[queue].pop_front();
    --size_;
  }
}

}  // namespace qiao::core
