#include <fstream>

#include "qiao/contract/crm.hpp"
#include "qiao/testkit/conformance.hpp"

using qiao::contract::LookupCustomer;
using qiao::testkit::TestHub;

namespace {
const std::string kConfig = "file: " QIAO_SOURCE_DIR "/docs/integrators/samples/crm/customers.csv\n";
}

TEST(SampleCrm, KnowsACustomerByTelephoneHoweverItIsWrittenOrByMail) {
  TestHub hub;
  hub.start_plugin("sample-crm", kConfig);
  LookupCustomer question;
  question.phone = "0049-170-1234";
  auto card = hub.ask(question);
  ASSERT_TRUE(card) << card.error().message;
  EXPECT_EQ(card->name, "Lin Wei");
  EXPECT_EQ(card->tier, "gold");
  question = {};
  question.email = "sam@example.org";
  EXPECT_EQ(hub.ask(question)->name, "Sam Okafor");
}

TEST(SampleCrm, CountsWhomNobodyKnows) {
  TestHub hub;
  hub.start_plugin("sample-crm", kConfig);
  EXPECT_EQ(hub.ask(LookupCustomer{}).error().code, qiao::Errc::not_found);
  EXPECT_NE(hub.metrics().find("qiao_sample_crm_unknown_total"), std::string::npos) << hub.metrics();
}

TEST(SampleCrm, ABrokenFileRefusesTheStartAndNamesTheLine) {
  TestHub hub;
  const auto file = hub.data_dir() / "broken.csv";
  std::ofstream(file) << "phone,email,name,tier,last_purchase\n1,2\n";
  const auto started = hub.try_start_plugin("sample-crm", "file: " + file.string() + "\n");
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("broken.csv:2: expected 5 columns, found 2"), std::string::npos)
      << started.error().message;
}

QIAO_CONFORMANCE("sample-crm", kConfig)
