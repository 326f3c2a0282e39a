#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connectors/channel/channel.hpp"
#include "connectors/voice/calls.hpp"
#include "connectors/voice/config.hpp"
#include "qiao/contract/accounts.hpp"
#include "qiao/contract/tickets.hpp"

namespace qiao::voice {

/// The hub's side of an exchange: who calls and whose phone it is, what the workspace shows, what the dialogue says,
/// and what becomes of missed calls. Everything runs on the instance's serial lane; only `hear` and `compare` may be
/// called from elsewhere.
class Desk : public std::enable_shared_from_this<Desk> {
 public:
  using Done = std::function<void(Result<void>)>;
  /// Rings a phone; the answer comes once, from any thread.
  using Dialer = std::function<void(const DialOrder&, Done)>;

  static void declare(Manifest& m);
  Desk(Context& host, channel::Channel& channel, VoiceConfig config, Dialer dialer);
  void start();

  /// `done` runs when what follows from the event is stored; false when the lane is full.
  bool hear(std::vector<CallEvent> events, Done done = {});
  bool compare(std::vector<CallEvent> list);

 private:
  struct Caller {
    std::string user;  ///< of the channel: the number
    contract::ContactView contact;
    Id conversation;
    bool noted = false;  ///< the dialogue has its first note
    bool known = false;  ///< `contacts` has answered
  };

  void heard(const CallEvent& event, const Done& done);
  void news(const CallNews& news, const Done& done);
  void publish(const CallNews& news);
  void look_up(const CallNews& news);
  void found(const CallNews& news, const contract::ContactView& contact);
  void link(const Caller& caller, const std::string& name);
  void note(const CallNews& news, const std::string& key, contract::Content content, bool reopen,
            std::function<void(const contract::Accepted&)> stored, const Done& done);
  void note_end(const CallNews& news, const Done& done);
  /// The end of a call, or its recording, that could not be kept: tried again later, or when the exchange tells it
  /// again.
  void keep_trying(const CallNews& news);
  void missed(const Call& call, Id conversation, const std::string& text);
  void dial(const contract::Dial& ask, const Responder<contract::Dialled>& answer);
  void dial_for(const contract::Dial& ask, const Responder<contract::Dialled>& answer);
  void dial_number(const std::string& extension, const std::string& number, const Responder<contract::Dialled>& answer);
  void learn_agents();
  [[nodiscard]] const contract::AgentView* agent_at(const std::string& extension) const;
  [[nodiscard]] std::string agent_name(const std::string& extension) const;
  [[nodiscard]] bool english() const { return config_.language.starts_with("en"); }
  [[nodiscard]] bool internal(const Call& call) const;

  Context& host_;
  channel::Channel& channel_;
  const VoiceConfig config_;
  const Dialer dialer_;
  std::map<std::string, std::string> login_of_;        ///< by extension
  std::map<std::string, contract::AgentView> agents_;  ///< by login
  CallBook book_;
  std::map<std::string, Caller> callers_;    ///< by open call
  std::map<std::string, CallNews> unsaved_;  ///< ends and recordings that are not in the dialogue yet
};

}  // namespace qiao::voice
