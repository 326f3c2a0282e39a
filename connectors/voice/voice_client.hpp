#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "connectors/channel/plugin.hpp"
#include "connectors/voice/client/exchange.hpp"
#include "connectors/voice/config.hpp"
#include "connectors/voice/desk.hpp"
#include "qiao/outbound_stream.hpp"

namespace qiao::voice {

/// One telephone exchange as a channel. Its line is read in short steps on a blocking lane, so that a drain ends it at
/// once; what it says goes to the desk.
class VoiceClient final : public channel::Platform, public std::enable_shared_from_this<VoiceClient> {
 public:
  static constexpr const char* kName = "voice";
  static constexpr bool kWindow = false;

  VoiceClient(VoiceConfig config, std::shared_ptr<channel::Services> services);
  Result<void> start(Context& host);

  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<contract::ConnectorTested> test() override;
  void close() noexcept override;

 private:
  [[nodiscard]] std::unique_ptr<Exchange> make_exchange() const;
  [[nodiscard]] StreamSettings address() const;
  [[nodiscard]] std::chrono::milliseconds patience() const;
  [[nodiscard]] bool has_line() const { return config_.system != System::webhook; }

  void step_after(Duration pause);
  void step();
  Result<void> open_line();
  void hold(std::unique_ptr<OutboundStream> line);
  Result<void> read_line();
  Result<void> give_orders(Turn& turn);
  Result<void> deal_with(Turn& turn);
  void lost(const Error& error);

  void dial(const DialOrder& order, Desk::Done done);
  void dial_by_webhook(const DialOrder& order, const Desk::Done& done);
  void answer_dial(const std::string& call, const Result<void>& result);

  void hook(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply);
  Result<CallEvent> verified_event(const HttpRequest& request) const;

  const VoiceConfig config_;
  const std::shared_ptr<channel::Services> services_;
  std::shared_ptr<Desk> desk_;

  // Of the line; touched only by `step`, of which one runs at a time.
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<OutboundStream> line_;  // written under the mutex: others wake and close it
  bool accepted_ = false;
  SteadyTime opened_{};
  SteadyTime heard_{};
  SteadyTime beaten_{};
  std::chrono::milliseconds pause_;
  int failures_ = 0;

  struct Order {
    DialOrder what;
    Desk::Done done;
    bool given = false;
  };
  std::atomic<bool> ended_{false};
  std::atomic<std::int64_t> warned_at_{0};  ///< of refused webhooks
  std::mutex mutex_;
  bool online_ = false;
  std::deque<Order> orders_;
};

}  // namespace qiao::voice
