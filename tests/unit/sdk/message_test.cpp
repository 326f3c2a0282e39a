#include "qiao/message.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace qiao {
namespace {

struct Note {
  std::string text;
  Id conversation;
};
QIAO_FIELDS(Note, text, conversation)
QIAO_EVENT(Note, "test.note.taken", 3)
QIAO_PARTITION(Note, conversation)

struct Answer {
  std::int64_t value = 0;
};
QIAO_FIELDS(Answer, value)
struct Question {
  std::string text;
};
QIAO_FIELDS(Question, text)
QIAO_REQUEST(Question, Answer, "test.question", 1)

TEST(Message, KnowsItsType) {
  const MessageType& type = qiao_event_type(static_cast<const Note*>(nullptr));
  EXPECT_EQ(type.name, "test.note.taken");
  EXPECT_EQ(type.version, 3);
  EXPECT_EQ(type.size, sizeof(Note));
  EXPECT_EQ(type.id, detail::message_id("test.note.taken", 3));
  EXPECT_NE(type.id, detail::message_id("test.note.taken", 2));
  static_assert(Event<Note> && !Request<Note>);
  static_assert(Request<Question> && std::is_same_v<ReplyOf<Question>, Answer>);
  EXPECT_EQ(qiao_reply_type(static_cast<const Question*>(nullptr)).name, "test.question.reply");
}

TEST(Message, MakesAFreshBodyForDecoding) {
  const MessageType& type = qiao_event_type(static_cast<const Note*>(nullptr));
  const MessageRef message = MessageRef::adopt(static_cast<Message*>(type.create()));
  EXPECT_EQ(message->type, &type);
  EXPECT_EQ(static_cast<const Note*>(message->body())->text, "");
}

TEST(Message, TakesItsPartitionFromTheNamedField) {
  EXPECT_EQ(detail::partition_of(Note{"", Id{12}}), 12u);
  EXPECT_EQ(detail::partition_of(Question{}), 0u);
}

TEST(Message, LivesAsLongAsItsLastReference) {
  const MessageType& type = qiao_event_type(static_cast<const Note*>(nullptr));
  MessageRef first = TypedMessage<Note>::make(type, Note{"kept", {}});
  {
    MessageRef second = first;
    first = MessageRef();
    EXPECT_EQ(static_cast<const Note*>(second->body())->text, "kept");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([second] {
        for (int k = 0; k < 1000; ++k) {
          const MessageRef copy = second;
          EXPECT_EQ(static_cast<const Note*>(copy->body())->text, "kept");
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
}

TEST(Message, ReusesMemoryAcrossThreadsWithoutMixingItUp) {
  const MessageType& type = qiao_event_type(static_cast<const Note*>(nullptr));
  std::vector<MessageRef> made;
  for (int i = 0; i < 1000; ++i) made.push_back(TypedMessage<Note>::make(type, Note{std::to_string(i), {}}));
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ(static_cast<const Note*>(made[static_cast<std::size_t>(i)]->body())->text, std::to_string(i));
    }
    made.clear();
    for (int i = 0; i < 1000; ++i) made.push_back(TypedMessage<Note>::make(type, Note{std::to_string(-i), {}}));
  });
  other.join();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(static_cast<const Note*>(made[static_cast<std::size_t>(i)]->body())->text, std::to_string(-i));
  }
}

}  // namespace
}  // namespace qiao
