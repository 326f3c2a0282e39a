#include "plugins/inbox/actions.hpp"

#include "plugins/inbox/state_machine.hpp"
#include "plugins/inbox/text.hpp"

namespace qiao::inbox {
namespace {

constexpr std::size_t kMostNote = 4000;
constexpr std::size_t kMostComment = 1000;

Error bad(std::string text) { return Error{Errc::bad_value, "conversation.bad_value", std::move(text)}; }

}  // namespace

Actions::Actions(Bus& bus, ConversationTable& table, Ledger& ledger, Desk& desk, Directory& directory,
                 Activity& activity, const Settings& settings)
    : bus_(bus),
      table_(table),
      ledger_(ledger),
      desk_(desk),
      directory_(directory),
      activity_(activity),
      settings_(settings) {}

void Actions::with(Id id, ConversationTable::Found found) {
  if (ConversationPtr conversation = table_.cached(id)) return found(std::move(conversation));
  table_.load(id, std::move(found));
}

void Actions::get(const contract::GetConversation& question, View answer) {
  with(question.conversation, [answer = std::move(answer)](const Result<ConversationPtr>& conversation) {
    if (!conversation) return answer(conversation.error());
    answer((*conversation)->view());
  });
}

void Actions::hand_off(const contract::Handoff& handoff, Id trace, View answer) {
  if (handoff.group.size() > 64 || handoff.reason.size() > 128) return answer(bad("group or reason: too long"));
  if (!clean_utf8(handoff.group) || !clean_utf8(handoff.reason)) return answer(bad("group or reason: not valid UTF-8"));
  with(handoff.conversation, [this, handoff, trace, answer = std::move(answer)](const Result<ConversationPtr>& found) {
    if (!found) return answer(found.error());
    ledger_.change(
        *found, trace,
        [handoff](Draft& draft, Time now) -> Result<void> {
          inbox::hand_off(draft, handoff.group, handoff.reason.empty() ? "asked" : handoff.reason, now);
          return {};
        },
        [this, answer](const Result<Outcome>& outcome) {
          if (!outcome) return answer(outcome.error());
          desk_.when_routed(outcome->conversation, answer);
        });
  });
}

void Actions::transfer(const contract::Transfer& transfer, Id trace, View answer) {
  if (!transfer.to_agent && transfer.to_group.empty()) return answer(bad("to_agent, to_group: one of them is needed"));
  if (transfer.note.size() > kMostNote) return answer(bad(fmt::format("note: at most {} bytes", kMostNote)));
  if (!clean_utf8(transfer.note)) return answer(bad("note: not valid UTF-8"));
  Handover handover{transfer.to_agent, {}, transfer.to_group, transfer.note, transfer.by, transfer.by_name};
  const Id id = transfer.conversation;
  if (transfer.to_agent && transfer.to_agent == transfer.by) {
    handover.to_agent_name = transfer.by_name;
    return hand_over(id, std::move(handover), trace, std::move(answer));
  }
  if (transfer.to_agent) {
    return directory_.agent(transfer.to_agent, [this, id, handover, trace, answer = std::move(answer)](
                                                   const Result<contract::AgentView>& agent) mutable {
      if (!agent) return answer(agent.error());
      handover.to_agent_name = agent->name;
      hand_over(id, std::move(handover), trace, answer);
    });
  }
  directory_.group_exists(transfer.to_group,
                          [this, id, handover = std::move(handover), trace, answer = std::move(answer)](bool exists) {
                            if (!exists)
                              return answer(bad(fmt::format("to_group: there is no group \"{}\"", handover.to_group)));
                            hand_over(id, handover, trace, answer);
                          });
}

void Actions::hand_over(Id id, Handover handover, Id trace, View answer) {
  with(id,
       [this, handover = std::move(handover), trace, answer = std::move(answer)](const Result<ConversationPtr>& found) {
         if (!found) return answer(found.error());
         ledger_.change(
             *found, trace,
             [handover, house = House{settings_.get()->default_group}, c = found->get()](Draft& draft, Time now) {
               return inbox::transfer(draft, house, c->facts, handover, now);
             },
             [this, answer](const Result<Outcome>& outcome) {
               if (!outcome) return answer(outcome.error());
               desk_.when_routed(outcome->conversation, answer);
             });
       });
}

void Actions::resolve(const contract::Resolve& resolve, Id trace, View answer) {
  with(resolve.conversation, [this, trace, answer = std::move(answer)](const Result<ConversationPtr>& found) {
    if (!found) return answer(found.error());
    ledger_.change(
        *found, trace,
        [c = found->get()](Draft& draft, Time now) -> Result<void> {
          inbox::resolve(draft, c->facts, now);
          return {};
        },
        [answer](const Result<Outcome>& outcome) {
          if (!outcome) return answer(outcome.error());
          answer(outcome->conversation->view());
        });
  });
}

void Actions::rate(const contract::Rate& rate, Id trace, Done answer) {
  if (rate.score < 1 || rate.score > 5) return answer(bad(fmt::format("score: 1 to 5, got {}", rate.score)));
  if (rate.comment.size() > kMostComment) return answer(bad(fmt::format("comment: at most {} bytes", kMostComment)));
  if (!clean_utf8(rate.comment)) return answer(bad("comment: not valid UTF-8"));
  with(rate.conversation, [this, rate, trace, answer = std::move(answer)](const Result<ConversationPtr>& found) {
    if (!found) return answer(found.error());
    ledger_.change(
        *found, trace,
        [rate](Draft& draft, Time) -> Result<void> { return inbox::rate(draft, rate.score, rate.comment); },
        [answer](const Result<Outcome>& outcome) {
          if (!outcome) return answer(outcome.error());
          answer(contract::Done{});
        });
  });
}

void Actions::mark_read(const contract::MarkRead& mark, Done answer) {
  if (mark.reader != Author::customer && mark.reader != Author::agent) {
    return answer(bad("reader: customer or agent"));
  }
  with(mark.conversation, [this, mark, answer = std::move(answer)](const Result<ConversationPtr>& found) {
    if (!found) return answer(found.error());
    const ConversationPtr& conversation = *found;
    if (conversation->mark_read(mark.reader, mark.seq)) {
      activity_.touch(conversation);
      PublishOptions options;
      options.priority = Priority::background;
      (void)bus_.publish(contract::ConversationChanged{conversation->view(), "read"}, options);
    }
    answer(contract::Done{});
  });
}

}  // namespace qiao::inbox
