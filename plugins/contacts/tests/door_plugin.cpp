#include "qiao/plugin.hpp"

namespace qiao::contacts::test {

/// Lets a test be anybody: `Authorization: Bearer 7;conversations;group:after-sales` is agent 7 with these permissions.
class DoorPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) { m.summary("lets tests be anybody"); }
  Result<void> configure(const Section&) override { return {}; }
  Result<void> start(Context& host) override {
    host.http().authenticator([](const HttpRequest& request) -> Result<Principal> {
      std::string_view token = request.header("authorization");
      if (!token.starts_with("Bearer ")) return Principal{};
      token.remove_prefix(7);
      Principal who;
      who.type = Principal::Type::agent;
      while (!token.empty()) {
        const std::size_t end = std::min(token.find(';'), token.size());
        const std::string_view word = token.substr(0, end);
        if (!who.id) {
          auto id = parse_id(word);
          if (!id) return id.error();
          who.id = *id;
          who.name = "agent " + std::string(word);
        } else {
          who.permissions.emplace_back(word);
        }
        token.remove_prefix(std::min(end + 1, token.size()));
      }
      return who;
    });
    return {};
  }
  void stop() noexcept override {}
};

}  // namespace qiao::contacts::test

QIAO_PLUGIN(qiao::contacts::test::DoorPlugin, "contacts-test-door", "service", "1.0.0")
