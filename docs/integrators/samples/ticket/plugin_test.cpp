#include <fstream>
#include <sstream>

#include "qiao/contract/tickets.hpp"
#include "qiao/testkit/conformance.hpp"

using namespace std::chrono_literals;
using namespace qiao::contract;
using qiao::testkit::TestHub;

namespace {

std::string config(TestHub& hub) { return "file: " + (hub.data_dir() / "warnings.jsonl").string() + "\nbefore: 30m\n"; }

std::string warnings(TestHub& hub) {
  std::ostringstream all;
  all << std::ifstream(hub.data_dir() / "warnings.jsonl").rdbuf();
  return all.str();
}

/// Ticket 7 for logistics, due at ten: the test's clock starts at nine.
TicketChanged ticket() {
  TicketChanged event;
  event.ticket.id = qiao::Id{1};
  event.ticket.number = 7;
  event.ticket.department = "logistics";
  event.ticket.deadline = *qiao::from_iso8601("2026-01-05T10:00:00Z");
  return event;
}

constexpr const char* kWarning = R"({"number":7,"department":"logistics","deadline":"2026-01-05T10:00:00.000Z"})"
                                 "\n";

}  // namespace

TEST(SampleTicket, WarnsOnceHalfAnHourBeforeTheDeadline) {
  TestHub hub;
  hub.start_plugin("sample-ticket", config(hub));
  ASSERT_TRUE(hub.publish(ticket()));
  ASSERT_TRUE(hub.publish(ticket()));
  hub.advance(29min);
  EXPECT_EQ(warnings(hub), "");
  hub.advance(1min);
  EXPECT_EQ(warnings(hub), kWarning);
  hub.advance(20min);
  EXPECT_EQ(warnings(hub), kWarning);
}

TEST(SampleTicket, SaysNothingOfATicketThatIsResolvedInTime) {
  TestHub hub;
  hub.start_plugin("sample-ticket", config(hub));
  TicketChanged event = ticket();
  ASSERT_TRUE(hub.publish(event));
  event.ticket.state = TicketState::resolved;
  ASSERT_TRUE(hub.publish(event));
  hub.advance(2h);
  EXPECT_EQ(warnings(hub), "");
}

TEST(SampleTicket, RemembersDeadlinesAndWarningsOverARestart) {
  TestHub hub;
  hub.start_plugin("sample-ticket", config(hub));
  ASSERT_TRUE(hub.publish(ticket()));
  hub.restart();
  hub.advance(45min);
  EXPECT_EQ(warnings(hub), kWarning);
  hub.restart();
  hub.advance(5min);
  EXPECT_EQ(warnings(hub), kWarning);
}

QIAO_CONFORMANCE("sample-ticket", "")
