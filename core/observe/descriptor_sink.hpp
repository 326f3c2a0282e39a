#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace qiao::core {

/// Writes lines to an open descriptor and never waits: while nobody reads a full pipe, lines are dropped and counted,
/// and the first one that fits again is preceded by one that tells how many. Lines arrive whole or not at all: the end
/// of one that fitted only in part is kept and goes out before any other. Does not own the descriptor.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}
  /// Lines, since the start. Any thread.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override;
  void flush_() override { (void)finish(); }
  /// The end of the line that is half out; true when nothing of it is left.
  bool finish();
  /// After `finish`. False: nothing of it is out.
  bool write(std::string_view text);
  /// How much of it there was room for.
  std::size_t put(std::string_view text);

  const int descriptor_;
  std::string rest_;
  std::uint64_t told_ = 0;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace qiao::core
