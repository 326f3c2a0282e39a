#include "core/observe/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/observe/descriptor_sink.hpp"
#include "core/observe/trace.hpp"

namespace qiao::core {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

class LogTest : public testing::Test {
 protected:
  Logs& open(LogSettings settings = {}) {
    logs_.emplace(settings, [this](std::string_view line) { lines.emplace_back(line); });
    return *logs_;
  }
  std::vector<std::string> lines;

 private:
  std::optional<Logs> logs_;
};

TEST_F(LogTest, WritesTimeLevelInstanceAndSentence) {
  open().logger("stock-berlin").warn("lookup timed out, sku={}", "A-100");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], MatchesRegex("[0-9-]+T[0-9:.]+Z warn  \\[stock-berlin\\] lookup timed out, sku=A-100\n"));
}

TEST_F(LogTest, CarriesTheTraceOfTheThreadUntilItsScopeEnds) {
  Logger& log = open().logger("inbox");
  {
    const TraceScope outer(Id{17}, Id{4});
    {
      const TraceScope inner(Id{18});
      log.info("inner");
    }
    log.info("outer");
    std::thread([&] { log.info("elsewhere"); }).join();
  }
  log.info("after");
  ASSERT_THAT(lines, SizeIs(4));
  EXPECT_THAT(lines[0], EndsWith("inner trace=18\n"));
  EXPECT_THAT(lines[1], EndsWith("outer trace=17 message=4\n"));
  EXPECT_THAT(lines[2], EndsWith("elsewhere\n"));
  EXPECT_THAT(lines[3], EndsWith("after\n"));
}

TEST_F(LogTest, WritesJsonLinesThatParseWhateverTheMessageHolds) {
  LogSettings settings;
  settings.format = LogFormat::json;
  Logger& log = open(settings).logger("bot");
  const TraceScope scope(Id{17}, Id{4});
  log.error("said \"{}\"", "a\\b\n\x01 你好");
  ASSERT_THAT(lines, SizeIs(1));
  const auto line = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["instance"], "bot");
  EXPECT_EQ(line["message"], "said \"a\\b\n\x01 你好\"");
  EXPECT_EQ(line["trace"], "17");
  EXPECT_EQ(line["message_id"], "4");
}

TEST_F(LogTest, KeepsALineBreakInsideAMessageFromForgingALine) {
  open().logger("web").info("name={}", "x\n2026-01-01T00:00:00Z error [store] all is lost\x1b[2J");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].find('\n'), lines[0].size() - 1);
  EXPECT_THAT(lines[0], Not(HasSubstr("\x1b")));
}

TEST_F(LogTest, ChangesLevelsWhileRunning) {
  Logs& logs = open();
  Logger& bot = logs.logger("bot");
  Logger& web = logs.logger("web");
  bot.debug("no");
  EXPECT_THAT(lines, IsEmpty());
  logs.set_level("bot", LogLevel::debug);
  logs.set_level(LogLevel::error);
  bot.debug("yes");
  web.warn("no");
  logs.set_level("bot", std::nullopt);
  bot.warn("no");
  logs.set_level("later", LogLevel::debug);
  logs.logger("later").debug("yes");
  EXPECT_THAT(lines, SizeIs(2));
}

TEST_F(LogTest, GivesOneLoggerForOneName) {
  Logs& logs = open();
  EXPECT_EQ(&logs.logger("a"), &logs.logger("a"));
  EXPECT_NE(&logs.logger("a"), &logs.logger("b"));
}

TEST(LogFile, IsWrittenAtOnceAndRefusedWithASentenceWhenItCannotBe) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("qiao-log-test-{}", getpid());
  std::filesystem::create_directories(folder);
  LogSettings settings;
  settings.file = folder / "qiao.log";
  auto logs = Logs::open(settings);
  ASSERT_TRUE(logs);
  (*logs)->logger("app").info("started");
  std::ifstream file(settings.file);
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, EndsWith("[app] started"));

  settings.file = folder / "qiao.log" / "below-a-file";
  auto refused = Logs::open(settings);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "log.cannot_open");
  std::filesystem::remove_all(folder);
}

TEST(LogDescriptor, NeverWaitsForAPipeThatNobodyReads) {
  std::signal(SIGPIPE, SIG_IGN);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  DescriptorSink sink(pipe[1]);
  const std::string sentence(1000, 'x');
  const spdlog::details::log_msg line(spdlog::source_loc{}, "test", spdlog::level::info, sentence);
  for (int i = 0; i < 200; ++i) sink.log(line);  // three times what a pipe holds
  std::string read(1 << 20, '\0');
  read.resize(static_cast<std::size_t>(::read(pipe[0], read.data(), read.size())));
  EXPECT_LT(read.size(), 100'000u);
  EXPECT_THAT(read, EndsWith("\n")) << "no line is cut";
  sink.log(line);
  std::string after(1 << 20, '\0');
  after.resize(static_cast<std::size_t>(::read(pipe[0], after.data(), after.size())));
  EXPECT_THAT(after, HasSubstr("lines were dropped here"));
  EXPECT_THAT(after, HasSubstr(sentence));
  ::close(pipe[0]);
  sink.log(line);  // nobody will ever read it: lost, and no failure of the caller's
  ::close(pipe[1]);
}

TEST(LogDescriptor, GivesLongLinesWholeOrNotAtAllAndCountsTheOthers) {
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_NONBLOCK), 0);
  DescriptorSink sink(pipe[1]);
  const std::string sentence(10'000, 'x');
  const spdlog::details::log_msg line(spdlog::source_loc{}, "test", spdlog::level::info, sentence);
  std::string all;
  const auto read = [&] {
    std::string piece(1 << 20, '\0');
    for (ssize_t n = 0; (n = ::read(pipe[0], piece.data(), piece.size())) > 0;) {
      all.append(piece, 0, static_cast<std::size_t>(n));
    }
  };
  for (int i = 0; i < 50; ++i) sink.log(line);
  EXPECT_GT(sink.dropped(), 40u);
  EXPECT_LT(sink.dropped(), 50u);
  read();
  EXPECT_FALSE(all.ends_with('\n')) << "a line of this length is cut where the pipe is full";
  sink.log(line);
  read();
  std::uint64_t whole = 0;
  std::istringstream lines(all);
  for (std::string one; std::getline(lines, one);) {
    if (one.ends_with(sentence)) {
      ++whole;
    } else {
      EXPECT_EQ(one, fmt::format("nobody reads this log: {} lines were dropped here", sink.dropped()));
    }
  }
  EXPECT_TRUE(all.ends_with('\n'));
  EXPECT_EQ(whole + sink.dropped(), 51u);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST(LogLevels, ReadAsTheyAreWritten) {
  EXPECT_EQ(parse_log_level("warn"), LogLevel::warn);
  EXPECT_EQ(parse_log_level("Warn"), std::nullopt);
}

}  // namespace
}  // namespace qiao::core
