#include <fmt/format.h>
#include <sodium.h>

#include <cstdio>
#include <optional>

#include "plugins/accounts/config.hpp"
#include "plugins/accounts/demo.hpp"
#include "plugins/accounts/hand_over.hpp"
#include "plugins/accounts/routes.hpp"
#include "plugins/accounts/service.hpp"
#include "qiao/plugin.hpp"

namespace qiao::accounts {

class AccountsPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("Agents, groups, roles, logins and sessions");
    m.config<AccountsConfig>();
    m.serves<contract::ListAgents>().serves<contract::SetPresence>().serves<contract::VerifySession>();
    m.serves<TakeOverScreens>().asks<TakeOverScreens>(true);
    m.publishes<contract::AgentChanged>().publishes<contract::SessionEnded>();
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<AccountsConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }

  Result<void> start(Context& host) override {
    if (sodium_init() < 0) return Error{Errc::unavailable, "accounts.no_random", "the system gives no random numbers"};
    Bus& bus = host.bus();
    // Presence and data of one agent change on different threads; told from one lane, the last word is the newest.
    const auto tell_agent = [this, &bus](Id agent) {
      bus.post({}, [this, &bus, agent] {
        if (const auto known = accounts_->directory().find(agent))
          (void)bus.publish(contract::AgentChanged{known->view});
      });
    };
    accounts_.emplace(config_, host.store(), host.audit(), host.clock(),
                      AccountService::Listener{tell_agent, [&bus](Id session, Id agent) {
                                                 (void)bus.publish(contract::SessionEnded{session, agent});
                                               }});
    if (auto done = accounts_->load(host.demo()); !done) return done;
    if (auto before = bus.ask(TakeOverScreens{}, std::chrono::milliseconds(500))) {
      accounts_->directory().take_over(*before);
    } else if (auto done = greet(host); !done) {
      return done;
    }

    const Lane direct{.kind = Lane::direct};
    bus.serve<contract::ListAgents>(direct,
                                    [this](const contract::ListAgents&, const Headers&) -> Result<contract::AgentList> {
                                      return accounts_->directory().list();
                                    });
    bus.serve<contract::VerifySession>(
        direct, [this](const contract::VerifySession& q, const Headers&) { return accounts_->verify(q.token); });
    bus.serve<TakeOverScreens>(direct, [this](const TakeOverScreens&, const Headers&) -> Result<AllScreens> {
      return accounts_->directory().screens();
    });
    bus.serve<contract::SetPresence>(
        [this, &bus](const contract::SetPresence& q, const Headers&) -> Result<contract::AgentView> {
          auto change = accounts_->directory().set_presence(q);
          if (!change) return change.error();
          if (change->changed) (void)bus.publish(contract::AgentChanged{change->agent});
          return change->agent;
        });
    add_routes(host.http(), bus, *accounts_, host.clock());
    // The generation before this one went on for a moment after `load`: logins and changes of that moment.
    bus.after(std::chrono::seconds(2), password_lane(), [this, &host] {
      if (auto done = accounts_->refresh(); !done)
        host.log().warn("accounts could not be read again: {}", done.error().message);
    });
    bus.every(std::chrono::seconds(5), {}, [this] { accounts_->end_expired(); });
    bus.every(std::chrono::seconds(60), {}, [this] { accounts_->save_last_use(); });
    return {};
  }

  void drain(Deadline) override { accounts_->save_last_use(); }
  void stop() noexcept override { accounts_.reset(); }

 private:
  Result<void> greet(Context& host) {
    if (host.demo()) {
      fmt::print("Demo logins for /workspace, all with the password {}:\n  {}\n", kDemoPassword,
                 "liting wangqiang chenchen zhaolei sunmin emma (agents), zhouxue (supervisor), admin");
      std::fflush(stdout);
    }
    auto invitation = accounts_->invite_first_admin();
    if (!invitation) return invitation.error();
    if (!invitation->empty()) {
      // To the terminal and not to the log: logs are kept and copied, and this is a key.
      fmt::print(
          "\nThere is no administrator yet. Open this page within 24 hours to become it:\n  /workspace/#/invite/{}\n\n",
          *invitation);
      std::fflush(stdout);
      host.log().info("there is no administrator yet; an invitation stands on the standard output");
    }
    return {};
  }

  AccountsConfig config_;
  std::optional<AccountService> accounts_;
};

}  // namespace qiao::accounts

using qiao::accounts::AccountsPlugin;
QIAO_PLUGIN(AccountsPlugin, "accounts", "service", "0.1.0")
