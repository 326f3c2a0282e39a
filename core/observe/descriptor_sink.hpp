#pragma once

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <mutex>
#include <string_view>

namespace qiao::core {

/// Writes lines to an open descriptor and never waits: while nobody reads a full pipe, lines are dropped and counted,
/// and the first one that fits again is preceded by one that tells how many. Does not own the descriptor.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

 private:
  void sink_it_(const spdlog::details::log_msg& line) override;
  void flush_() override {}
  /// False: there was no room for all of it.
  bool write(std::string_view text) const;

  const int descriptor_;
  std::uint64_t dropped_ = 0;
};

}  // namespace qiao::core
