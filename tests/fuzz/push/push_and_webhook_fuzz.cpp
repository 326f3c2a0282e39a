// What push services answer, and what a webhook's platform posts: whatever comes, it ends with a value or an error. The
// first byte of an input chooses the reader, the second the HTTP status; the rest is the body.
#include <cstdlib>

#include "connectors/app/client/apns.hpp"
#include "connectors/app/client/fcm.hpp"
#include "connectors/app/client/getui.hpp"
#include "connectors/app/client/jpush.hpp"
#include "connectors/app/notice.hpp"
#include "connectors/webhook/client/incoming.hpp"
#include "qiao/json.hpp"

using namespace qiao;

namespace {

constexpr int kStatuses[] = {200, 400, 401, 403, 404, 410, 413, 429, 500, 503};

const webhook::Reader& reader() {
  static const webhook::Reader made = [] {
    webhook::IncomingSettings settings;
    settings.events = "/events";
    settings.fields = {{"kind", "/type | map m=message"}, {"id", "/id"},
                       {"user", "/customer/id"},          {"text", "{/a} {/b}"},
                       {"at", "/at | seconds"},           {"attributes.level", "/level | lower"}};
    settings.files = common::ListMap{"/files", {{"url", "/link"}, {"base64", "/data"}, {"name", "/name"}}};
    auto compiled = webhook::Reader::compile(settings, {});
    if (!compiled) std::abort();
    return std::move(*compiled);
  }();
  return made;
}

void read_webhook(std::string_view body) {
  auto events = reader().events(body);
  if (!events) return;
  for (const auto& event : *events) {
    auto read = reader().read(event);
    if (!read) continue;
    if (read->what.user.size() > 128 || read->what.id.size() > 128 || read->files.size() > 10) std::abort();
    (void)webhook::claims_of(read->what, false);
  }
}

void check_signature(std::string_view body, int status) {
  static const webhook::SignatureSettings settings = [] {
    webhook::SignatureSettings made;
    made.secrets = {Secret("s")};
    made.time_header = "X-Time";
    made.sign = "{time}.{body}";
    return made;
  }();
  const auto half = body.size() / 2;
  HttpRequest request;
  request.body = body.substr(0, half);
  request.headers = {{"x-signature", std::string(body.substr(half))}, {"x-time", std::to_string(status)}};
  if (webhook::check_signature(settings, request, Time{})) std::abort();
}

/// A notice must be JSON that fits Apple's 4 KB whatever an agent wrote.
void make_notice(std::string_view text) {
  app::AppConfig config;
  config.show_text = true;
  contract::MessageView message;
  message.content.text = text;
  message.author_name = text.substr(0, 200);
  const app::Device device{.provider = "apns", .token = "ab", .language = "zh-CN"};
  const app::Notice notice = app::notice_of(config, device, message, 1, Time{});
  if (notice.body.size() > 4 * 210) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  OutboundResponse response;
  response.status = kStatuses[data[1] % std::size(kStatuses)];
  response.body = body;
  response.headers = {{"retry-after", std::string(body.substr(0, 12))},
                      {"x-rate-limit-reset", std::string(body.substr(0, 12))}};
  switch (data[0] % 8) {
    case 0:
      (void)app::apns_result(response);
      break;
    case 1:
      (void)app::fcm_result(response);
      break;
    case 2:
      (void)app::jpush_result(response);
      break;
    case 3:
      (void)app::getui_result(response);
      break;
    case 4:
      (void)app::ServiceAccount::read(body);
      break;
    case 5:
      read_webhook(body);
      break;
    case 6:
      check_signature(body, response.status);
      break;
    default:
      make_notice(body);
      break;
  }
  return 0;
}
