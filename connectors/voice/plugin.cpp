#include "connectors/channel/plugin.hpp"
#include "connectors/voice/config.hpp"
#include "connectors/voice/voice_client.hpp"

namespace qiao::voice {

class VoicePlugin final : public channel::ChannelPlugin<VoiceConfig, VoiceClient> {
 public:
  static void describe(Manifest& m) {
    m.summary(
        "Telephone: who calls before it is answered, call log, click to call, missed calls; FreeSWITCH, Asterisk");
    declare(m);
    Desk::declare(m);
  }
};

}  // namespace qiao::voice

using qiao::voice::VoicePlugin;
QIAO_PLUGIN(VoicePlugin, "voice", "channel", "0.1.0")
