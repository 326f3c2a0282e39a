#include "plugins/inbox/bot_turn.hpp"

#include <gmock/gmock.h>

namespace qiao::inbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MessageView said(std::int64_t seq, Author author, std::string client_id = {}, bool note = false) {
  MessageView m;
  m.seq = seq;
  m.author = author;
  m.client_id = std::move(client_id);
  m.note = note;
  return m;
}

TEST(UnansweredTurns, AreTheCustomersLastWords) {
  EXPECT_THAT(unanswered({}), IsEmpty());
  EXPECT_THAT(unanswered({said(1, Author::customer)}), ElementsAre(1));
  EXPECT_THAT(unanswered({said(1, Author::customer), said(2, Author::bot, "bot:1")}), IsEmpty());
}

TEST(UnansweredTurns, FindTheOneThatCameWhileTheBotAnsweredAnother) {
  EXPECT_THAT(unanswered({said(1, Author::customer), said(2, Author::customer), said(3, Author::bot, "bot:1")}),
              ElementsAre(2));
}

TEST(UnansweredTurns, EndWithWhatAPersonWrote) {
  EXPECT_THAT(unanswered({said(1, Author::customer), said(2, Author::agent), said(3, Author::customer)}),
              ElementsAre(3));
}

TEST(UnansweredTurns, IgnoreNotesAndForeignIds) {
  EXPECT_THAT(unanswered({said(1, Author::customer), said(2, Author::agent, "", true), said(3, Author::bot, "welcome"),
                          said(4, Author::bot, "bot:x")}),
              ElementsAre(1));
}

}  // namespace
}  // namespace qiao::inbox
