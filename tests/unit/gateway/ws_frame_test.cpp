#include "core/gateway/ws_frame.hpp"

#include <gtest/gtest.h>

#include "raw_client.hpp"

namespace qiao::core {
namespace {

/// Writes down what it is told.
struct Recorder final : FrameReader::Sink {
  bool on_text(std::string_view text) override { return note("text:" + std::string(text)); }
  bool on_ping(std::string_view payload) override { return note("ping:" + std::string(payload)); }
  bool on_pong() override { return note("pong"); }
  bool on_close(int code) override { return note("close:" + std::to_string(code)); }
  bool note(std::string what) {
    seen.push_back(std::move(what));
    return true;
  }
  std::vector<std::string> seen;
};

struct Outcome {
  std::vector<std::string> seen;
  int error = 0;
  std::size_t unread = 0;
};

/// Reads `bytes` in pieces of `piece`, keeping what is not used yet, as the server does.
Outcome read(const std::string& bytes, std::size_t piece = 1u << 20, std::size_t max = 1000) {
  FrameReader reader(max);
  Recorder recorder;
  std::string kept;
  for (std::size_t at = 0; at < bytes.size() && reader.error() == 0; at += piece) {
    kept += bytes.substr(at, piece);
    kept.erase(0, reader.feed(kept.data(), kept.size(), recorder));
  }
  return {recorder.seen, reader.error(), kept.size()};
}

using Seen = std::vector<std::string>;
const auto frame = &test::RawClient::frame;
std::string masked(int opcode, std::string_view payload, bool fin = true, int reserved = 0) {
  return frame(opcode, payload, fin, true, reserved);
}

TEST(FrameReader, ReadsSeveralMessagesFromOneBuffer) {
  EXPECT_EQ(read(masked(1, "one") + masked(1, "") + masked(9, "p") + masked(10, "") + masked(1, "two")).seen,
            (Seen{"text:one", "text:", "ping:p", "pong", "text:two"}));
}

TEST(FrameReader, ReadsTheSameHoweverTheBytesAreCut) {
  const std::string bytes = masked(1, "hello") + masked(1, std::string(300, 'x')) + masked(1, "ab", false) +
                            masked(9, "mid") + masked(0, "cd") + masked(8, std::string("\x03\xe8", 2));
  const Outcome whole = read(bytes);
  EXPECT_EQ(whole.seen, (Seen{"text:hello", "text:" + std::string(300, 'x'), "ping:mid", "text:abcd", "close:1000"}));
  for (std::size_t piece = 1; piece < 40; ++piece) EXPECT_EQ(read(bytes, piece).seen, whole.seen) << piece;
}

TEST(FrameReader, JoinsFragmentsAndLetsControlFramesBetweenThem) {
  EXPECT_EQ(
      read(masked(1, "a", false) + masked(0, "b", false) + masked(10, "") + masked(0, "", false) + masked(0, "c")).seen,
      (Seen{"pong", "text:abc"}));
}

TEST(FrameReader, AcceptsACharacterThatIsCutBetweenFragments) {
  EXPECT_EQ(read(masked(1, "\xe6\xa1", false) + masked(0, "\xa5")).seen, (Seen{"text:桥"}));
}

TEST(FrameReader, RefusesFragmentsOutOfOrder) {
  EXPECT_EQ(read(masked(0, "a")).error, 1002) << "nothing to continue";
  EXPECT_EQ(read(masked(1, "a", false) + masked(1, "b")).error, 1002) << "a second message inside the first";
}

TEST(FrameReader, RefusesUnmaskedFrames) { EXPECT_EQ(read(frame(1, "hello", true, false, 0)).error, 1002); }

TEST(FrameReader, RefusesReservedBitsAndOpcodes) {
  for (const int reserved : {1, 2, 4}) EXPECT_EQ(read(masked(1, "x", true, reserved)).error, 1002) << reserved;
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
    EXPECT_EQ(read(masked(opcode, "")).error, 1002) << opcode;
}

TEST(FrameReader, RefusesBinary) { EXPECT_EQ(read(masked(2, "x")).error, 1003); }

TEST(FrameReader, RefusesControlFramesThatAreFragmentedOrLong) {
  EXPECT_EQ(read(masked(9, "x", false)).error, 1002);
  EXPECT_EQ(read(masked(9, std::string(126, 'x'))).error, 1002);
  EXPECT_EQ(read(masked(9, std::string(125, 'x'))).error, 0);
}

TEST(FrameReader, RefusesMessagesBeyondTheLimitBeforeTheirBodyArrives) {
  EXPECT_EQ(read(masked(1, std::string(1000, 'x'))).error, 0);
  EXPECT_EQ(read(masked(1, std::string(1001, 'x')).substr(0, 8)).error, 1009);
  EXPECT_EQ(read(masked(1, std::string(600, 'x'), false) + masked(0, std::string(401, 'x'))).error, 1009);
  const std::string huge("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14);
  EXPECT_EQ(read(huge).error, 1009);
  const std::string wrapped("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14);
  EXPECT_EQ(read(wrapped).error, 1009);
}

TEST(FrameReader, RefusesLengthsThatAreNotTheShortestForm) {
  EXPECT_EQ(read(std::string("\x81\xfe\x00\x05", 4) + std::string(4 + 5, '\0')).error, 1002);
  EXPECT_EQ(read(std::string("\x81\xff\0\0\0\0\0\0\x01\x00", 10) + std::string(4 + 256, '\0')).error, 1002);
}

TEST(FrameReader, RefusesTextThatIsNotUtf8) {
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80", "\xe6\xa1"}) {
    EXPECT_EQ(read(masked(1, bad)).error, 1007);
    EXPECT_EQ(
        read(masked(1, std::string_view(bad).substr(0, 1), false) + masked(0, std::string_view(bad).substr(1))).error,
        1007);
  }
  EXPECT_EQ(read(masked(1, "κόσμε 桥 😀")).error, 0);
}

TEST(FrameReader, UnderstandsCloseFrames) {
  const auto close = [](int code, std::string reason = {}) {
    return masked(8, std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + reason);
  };
  EXPECT_EQ(read(masked(8, "")).seen, (Seen{"close:1005"}));
  EXPECT_EQ(read(close(1001, "bye")).seen, (Seen{"close:1001"}));
  for (const int code : {1000, 1003, 1007, 1011, 1014, 3000, 4999}) EXPECT_EQ(read(close(code)).error, 0) << code;
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535})
    EXPECT_EQ(read(close(code)).error, 1002) << code;
  EXPECT_EQ(read(masked(8, "x")).error, 1002) << "half a code";
  EXPECT_EQ(read(close(1000, "\xff")).error, 1007);
}

TEST(FrameReader, WaitsForTheRestOfAFrame) {
  const std::string bytes = masked(1, "hello");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const Outcome part = read(bytes.substr(0, cut));
    EXPECT_TRUE(part.seen.empty());
    EXPECT_EQ(part.error, 0);
    EXPECT_EQ(part.unread, cut);
  }
}

TEST(FrameHeader, HasTheShortestLengthForm) {
  std::array<char, 10> out{};
  EXPECT_EQ(frame_header(out, Opcode::text, 125), 2u);
  EXPECT_EQ(frame_header(out, Opcode::text, 126), 4u);
  EXPECT_EQ(frame_header(out, Opcode::text, 65535), 4u);
  EXPECT_EQ(frame_header(out, Opcode::text, 65536), 10u);
  EXPECT_EQ(std::string(out.data(), 10), std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10));
}

TEST(ClosePayload, CutsLongReasonsBetweenCharacters) {
  std::string reason;
  for (int i = 0; i < 60; ++i) reason += "桥";
  const std::string payload = close_payload(1001, reason);
  EXPECT_EQ(payload.size(), 2u + 123u);
  EXPECT_TRUE(valid_utf8(std::string_view(payload).substr(2)));
}

TEST(AcceptKey, IsThatOfTheStandardsExample) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ="), "");
  EXPECT_EQ(accept_key("####IHNhbXBsZSBub25jZQ=="), "");
  EXPECT_EQ(accept_key(""), "");
}

}  // namespace
}  // namespace qiao::core
