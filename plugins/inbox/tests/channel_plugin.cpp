#include "qiao/contract/channel.hpp"
#include "qiao/contract/conversation.hpp"
#include "qiao/plugin.hpp"

namespace qiao::inbox::test {

struct ChannelConfig {
  bool everybody_reads = false;
  bool limited = true;
  bool open = true;
  std::vector<std::string> notices;
  bool takes_notices = true;
};
void describe(Schema<ChannelConfig>& s) {
  s.optional("everybody_reads", &ChannelConfig::everybody_reads, false).doc("A public thread");
  s.optional("limited", &ChannelConfig::limited, true).doc("It has a window");
  s.optional("open", &ChannelConfig::open, true).doc("Which is open");
  s.optional("notices", &ChannelConfig::notices).doc("What goes by template");
  s.optional("takes_notices", &ChannelConfig::takes_notices, true).doc("Otherwise they fail");
}

/// A channel that can do what the test says, and reports at once. Other messages than notices always go out.
class ChannelPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("a channel for tests of the inbox");
    m.config<ChannelConfig>();
    m.serves<contract::DescribeChannel>().serves<contract::GetChannelWindow>();
    m.subscribes<contract::MessageOutgoing>().asks<contract::ReportDelivery>();
  }
  Result<void> configure(const Section& section) override {
    auto bound = section.bind<ChannelConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }
  Result<void> start(Context& host) override {
    host.bus().serve<contract::DescribeChannel>([this](const contract::DescribeChannel&, const Headers&) {
      contract::ChannelCapabilities can;
      can.platform = "test";
      can.public_thread = config_.everybody_reads;
      can.notices = config_.notices;
      return Result<contract::ChannelCapabilities>(std::move(can));
    });
    host.bus().serve<contract::GetChannelWindow>([this](const contract::GetChannelWindow&, const Headers&) {
      contract::ChannelWindow window;
      window.limited = config_.limited;
      window.open = config_.open;
      return Result<contract::ChannelWindow>(window);
    });
    host.bus().subscribe<contract::MessageOutgoing>(
        [this, &host](const contract::MessageOutgoing& out, const Headers&) {
          if (out.channel != host.instance()) return;
          const bool fails = !out.message.content.notice.empty() && !config_.takes_notices;
          host.bus().request(contract::ReportDelivery{out.message.conversation, out.message.seq,
                                                      fails ? contract::Delivery::failed : contract::Delivery::sent,
                                                      fails ? host.instance() + " takes no notices" : ""},
                             std::chrono::seconds(5), [](const Result<contract::Done>&) {});
        });
    return {};
  }
  void stop() noexcept override {}

 private:
  ChannelConfig config_;
};

}  // namespace qiao::inbox::test

QIAO_PLUGIN(qiao::inbox::test::ChannelPlugin, "inbox-test-channel", "channel", "1.0.0")
