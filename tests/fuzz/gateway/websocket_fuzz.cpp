#include <cstdlib>
#include <string>
#include <vector>

#include "core/gateway/ws_frame.hpp"

namespace {

struct Recorder final : qiao::core::FrameReader::Sink {
  bool on_text(std::string_view text) override {
    if (!qiao::core::valid_utf8(text) || text.size() > 1000) std::abort();
    return note("t" + std::string(text));
  }
  bool on_ping(std::string_view payload) override { return note("p" + std::string(payload)); }
  bool on_pong() override { return note("o"); }
  bool on_close(int code) override {
    if (code != qiao::core::close_code::kNoStatus && !qiao::core::valid_close_code(code)) std::abort();
    return note("c" + std::to_string(code));
  }
  bool note(std::string what) {
    seen.push_back(std::move(what));
    return true;
  }
  std::vector<std::string> seen;
};

std::pair<std::vector<std::string>, int> read(std::string_view bytes, std::size_t step) {
  qiao::core::FrameReader reader(1000);
  Recorder recorder;
  std::string kept;
  for (std::size_t at = 0; at < bytes.size() && reader.error() == 0; at += step) {
    kept += bytes.substr(at, step);
    kept.erase(0, reader.feed(kept.data(), kept.size(), recorder));
  }
  return {recorder.seen, reader.error()};
}

void add_frame(std::string& out, int first, std::string_view payload) {
  out += static_cast<char>(first);
  out += static_cast<char>(0x80 | payload.size());
  out.append("\1\2\3\4", 4);
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ "\1\2\3\4"[i % 4]);
}

}  // namespace

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));
extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  std::string talk;
  add_frame(talk, 0x81, "hello");
  add_frame(talk, 0x01, "ab");
  add_frame(talk, 0x89, "ping");
  add_frame(talk, 0x80, "cd");
  add_frame(talk, 0x8a, "");
  add_frame(talk, 0x88, std::string_view("\x03\xe8 bye", 6));
  add(talk.data(), talk.size());
  std::string medium("\x81\xfe\x01\x2c\0\0\0\0", 8);
  medium.append(300, 'x');
  add(medium.data(), medium.size());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read(bytes, bytes.size() + 1);
  for (const std::size_t step : {1u, 5u}) {
    if (read(bytes, step) != whole) std::abort();
  }
  return 0;
}
