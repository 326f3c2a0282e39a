#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "connectors/channel/tests/desk.hpp"
#include "qiao/contract/connector.hpp"
#include "tests/simulators/simulator.hpp"

/// \file
/// What every messenger must do with its simulator, whatever it speaks:
///
///     Messenger telegram() { return {.name = "telegram", …}; }
///     QIAO_MESSENGER(Telegram, telegram())

namespace qiao::channel {

struct Messenger {
  using Json = nlohmann::json;
  std::string name;  ///< of the plugin, its instance and its simulator
  /// What stands below `config:`.
  std::function<std::string(const std::string& url, const std::string& hook)> config;
  std::string user;  ///< as the hub knows the customer
  std::function<Json(const std::string& text)> say;
  Json picture;         ///< the wish by which the customer sends one
  std::string said;     ///< JSON pointer to the text in what the simulator got
  bool uploads = true;  ///< pictures go as bytes, not as links
};

/// A hub with the connector on its simulator, and a desk in the place of the inbox.
class MessengerTest : public testing::Test {
 public:
  using Json = nlohmann::json;
  explicit MessengerTest(Messenger about);
  ~MessengerTest() override;

  void start(const std::string& more = {});
  /// "{url}" stands for the simulator's address.
  Json tell(const Json& wish);
  Json say(const std::string& text);
  Json written();
  std::string last_said();
  std::pair<contract::Delivery, std::string> answer(contract::Content content);
  Result<contract::ConnectorTested> test();

  Messenger it;
  simulators::Simulator simulator;
  testkit::TestHub hub{{.threads = true, .http = true}};
  Desk desk{hub};
  std::string hook;
};

/// The common tests.
namespace messenger {

void answers(MessengerTest& t);
void one_of_several(MessengerTest& t);
void out_of_order(MessengerTest& t);
void while_the_hub_is_busy(MessengerTest& t);
void tried_again(MessengerTest& t);
void revoked(MessengerTest& t);
void forged(MessengerTest& t);
void pictures(MessengerTest& t);
void late_file(MessengerTest& t);
void file_after_a_restart(MessengerTest& t);
void erased(MessengerTest& t);
void tested(MessengerTest& t);

}  // namespace messenger

}  // namespace qiao::channel

#define QIAO_MESSENGER_TEST_(Class, Name, function) \
  TEST_F(Class, Name) { qiao::channel::messenger::function(*this); }

/// The common tests, with a fixture `Class` for those of its own.
#define QIAO_MESSENGER(Class, about)                                                    \
  class Class : public qiao::channel::MessengerTest {                                   \
   protected:                                                                           \
    Class() : MessengerTest(about) {}                                                   \
  };                                                                                    \
  QIAO_MESSENGER_TEST_(Class, AMessageArrivesAndItsAnswerReachesTheCustomer, answers)   \
  QIAO_MESSENGER_TEST_(Class, ACallThatComesThreeTimesIsOneMessage, one_of_several)     \
  QIAO_MESSENGER_TEST_(Class, CallsInTheWrongOrderBothArrive, out_of_order)             \
  QIAO_MESSENGER_TEST_(Class, NothingIsLostWhileTheHubIsBusy, while_the_hub_is_busy)    \
  QIAO_MESSENGER_TEST_(Class, ABusyOrBrokenPlatformIsTriedAgain, tried_again)           \
  QIAO_MESSENGER_TEST_(Class, ARevokedTokenRaisesAnAlertThatSaysWhatToDo, revoked)      \
  QIAO_MESSENGER_TEST_(Class, ForgedAndMalformedCallsAreRefusedAndLeaveNothing, forged) \
  QIAO_MESSENGER_TEST_(Class, PicturesComeInAndGoOut, pictures)                         \
  QIAO_MESSENGER_TEST_(Class, AFileThatComesLateComes, late_file)                       \
  QIAO_MESSENGER_TEST_(Class, AFileIsFetchedAfterARestart, file_after_a_restart)        \
  QIAO_MESSENGER_TEST_(Class, AnErasedCustomersFileIsNotFetchedAnyMore, erased)         \
  QIAO_MESSENGER_TEST_(Class, TheConnectorTestNamesTheAccount, tested)
