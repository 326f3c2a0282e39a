#include "core/observe/metrics.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace qiao::core {
namespace {

using testing::HasSubstr;

TEST(Metrics, RenderAsPrometheusTextWithTheInstance) {
  MetricsRegistry registry;
  registry.for_instance("inbox").counter("qiao_inbox_messages_total", "Messages accepted", {{"kind", "text"}}).add(3);
  registry.for_instance("inbox-2").counter("qiao_inbox_messages_total", "Messages accepted").add(1);
  registry.gauge("qiao_connections", "Open sockets").set(-2);
  EXPECT_EQ(registry.render(),
            "# HELP qiao_connections Open sockets\n"
            "# TYPE qiao_connections gauge\n"
            "qiao_connections -2\n"
            "# HELP qiao_inbox_messages_total Messages accepted\n"
            "# TYPE qiao_inbox_messages_total counter\n"
            "qiao_inbox_messages_total{instance=\"inbox\",kind=\"text\"} 3\n"
            "qiao_inbox_messages_total{instance=\"inbox-2\"} 1\n");
}

TEST(Metrics, AskingTwiceGivesTheSameObject) {
  MetricsRegistry registry;
  Counter& one = registry.for_instance("a").counter("n_total", "help", {{"k", "v"}});
  Counter& two = registry.for_instance("a").counter("n_total", "help", {{"k", "v"}});
  Counter& other = registry.for_instance("b").counter("n_total", "help", {{"k", "v"}});
  EXPECT_EQ(&one, &two);
  EXPECT_NE(&one, &other);
  EXPECT_EQ(&registry.for_instance("a"), &registry.for_instance("a"));
}

TEST(Metrics, CountDurationsCumulatively) {
  MetricsRegistry registry;
  Histogram& wait = registry.histogram("wait_seconds", "Waiting");
  wait.observe(0.0005);
  wait.observe(0.02);
  wait.observe(100);
  const std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("# TYPE wait_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{le=\"0.025\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{le=\"30\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("wait_seconds_sum 100.0205\n"));
}

TEST(Metrics, EscapeWhatWouldBreakTheFormat) {
  MetricsRegistry registry;
  registry.counter("n_total", "one\nline \\ \"quoted\"", {{"k", "a\"b\\c\nd"}}).add(1);
  EXPECT_EQ(registry.render(),
            "# HELP n_total one\\nline \\\\ \"quoted\"\n"
            "# TYPE n_total counter\n"
            "n_total{k=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(Metrics, KeepSamplesOfOneNameTogetherAlsoFromCollectors) {
  MetricsRegistry registry;
  registry.counter("b_total", "B", {{"lane", "one"}}).add(1);
  registry.counter("c_total", "C").add(1);
  registry.add_collector([](MetricsText& text) {
    text.counter("b_total", "B", {{"lane", "two"}}, 2);
    text.gauge("a", "A", {}, 1.5);
  });
  EXPECT_EQ(registry.render(),
            "# HELP a A\n# TYPE a gauge\na 1.5\n"
            "# HELP b_total B\n# TYPE b_total counter\nb_total{lane=\"one\"} 1\nb_total{lane=\"two\"} 2\n"
            "# HELP c_total C\n# TYPE c_total counter\nc_total 1\n");
}

TEST(Metrics, RefuseNamesThatPrometheusWouldAndNamesOfAnotherType) {
  MetricsRegistry registry;
  registry.counter("n_total", "help");
  EXPECT_THROW(registry.gauge("n_total", "help"), std::invalid_argument);
  EXPECT_THROW(registry.counter("has space", "help"), std::invalid_argument);
  EXPECT_THROW(registry.counter("1st", "help"), std::invalid_argument);
  EXPECT_THROW(registry.counter("ok_total", "help", {{"bad-label", "v"}}), std::invalid_argument);
}

TEST(Metrics, TellAboutTheProcess) {
  MetricsRegistry registry;
  add_process_metrics(registry);
  const std::string text = registry.render();
  for (const auto* name : {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_open_fds ",
                           "process_threads ", "process_start_time_seconds "}) {
    const auto at = text.find(std::string("\n") + name);
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_GE(std::stod(text.substr(text.find(' ', at + 1))), 0) << name;
  }
  EXPECT_GT(std::stod(text.substr(text.find("\nprocess_resident_memory_bytes ") + 31)), 1e5);
}

}  // namespace
}  // namespace qiao::core
