#include "connectors/webhook/client/incoming.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::webhook {
namespace {

constexpr std::size_t kMostEvents = 500;
constexpr std::size_t kMostFiles = 10;
constexpr std::size_t kMostId = 128;

Error bad(const char* what) { return {Errc::unauthorized, "webhook.signature", what}; }

common::Parameters signed_parts(std::string_view body, std::string_view time) {
  common::Parameters parts;
  parts.set("body", std::string(body));
  parts.set("time", std::string(time));
  return parts;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

Result<void> check_time(std::string_view text, std::chrono::seconds tolerance, Time now) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) {
    return bad("the time in the header is no number");
  }
  constexpr std::int64_t kMilliseconds = 100'000'000'000;  // in seconds it is the year 5138
  const std::int64_t seconds = number < kMilliseconds ? number : number / 1000;
  if (std::abs(to_micros(now) / 1'000'000 - seconds) > tolerance.count()) {
    return Error{Errc::unauthorized, "webhook.too_old", "the call is too old, or a clock is wrong"};
  }
  return {};
}

}  // namespace

std::string signature_of(const SignatureSettings& settings, std::size_t secret, std::string_view body,
                         std::string_view time) {
  const auto parts = signed_parts(body, time);
  auto signs = common::Template::compile(settings.sign, parts);
  const std::string sum = channel::hmac_sha256(settings.secrets.at(secret).reveal(),
                                               signs ? signs->fill(parts, common::Template::Escape::none) : "");
  return settings.prefix + (settings.base64 ? channel::base64(sum) : channel::hex(sum));
}

Result<void> check_signature(const SignatureSettings& settings, const HttpRequest& request, Time now) {
  std::string given(request.header(lower(settings.header)));
  if (given.empty()) return bad("the call has no signature");
  if (!settings.base64) given = settings.prefix + lower(given.substr(std::min(settings.prefix.size(), given.size())));
  const std::string_view time =
      settings.time_header.empty() ? std::string_view() : request.header(lower(settings.time_header));
  bool fits = false;
  for (std::size_t i = 0; i < settings.secrets.size(); ++i) {
    if (channel::same(signature_of(settings, i, request.body, time), given)) fits = true;
  }
  if (!fits) return bad("the signature does not fit the call and the secret");
  if (settings.time_header.empty()) return {};
  return check_time(time, settings.tolerance, now);
}

Result<Reader> Reader::compile(const IncomingSettings& settings, const common::Locale& locale) {
  Reader reader;
  const auto parts = signed_parts("", "");
  if (auto signs = common::Template::compile(settings.signature.sign, parts); !signs) {
    return Error{Errc::bad_value, "in.signature.sign: " + signs.error().message};
  }
  for (const char* needed : {"id", "user"}) {
    if (!settings.fields.contains(needed)) {
      return Error{Errc::bad_value, std::string("in.fields: ") + needed + " is needed"};
    }
  }
  auto fields = common::FieldMap::compile<Incoming>(settings.fields, locale);
  if (!fields) return Error{Errc::bad_value, "in." + fields.error().message};
  reader.fields_ = std::move(*fields);
  if (settings.files) {
    auto files = common::FieldMap::compile<IncomingFile>(settings.files->fields, locale);
    if (!files) return Error{Errc::bad_value, "in.files." + files.error().message};
    reader.file_fields_ = std::move(*files);
    reader.files_at_ = settings.files->rows;
    reader.files_ = true;
  }
  reader.events_at_ = settings.events;
  return reader;
}

Result<std::vector<Json>> Reader::events(std::string_view body) const {
  auto call = platform::read_json(body, "webhook");
  if (!call) return Error{Errc::bad_value, "webhook.not_json", "the body is no JSON"};
  if (events_at_.empty()) {
    if (!call->is_object()) return Error{Errc::bad_value, "webhook.no_event", "expected one event as an object"};
    return std::vector<Json>{std::move(*call)};
  }
  const Json& list = common::value_at_pointer(*call, events_at_);
  if (!list.is_array()) return Error{Errc::bad_value, "webhook.no_event", "there is no list of events at in.events"};
  if (list.size() > kMostEvents) return Error{Errc::too_large, "webhook.too_many", "at most 500 events in a call"};
  return std::vector<Json>(list.begin(), list.end());
}

Result<Event> Reader::read(const Json& event) const {
  const auto unfit = [](const Error& error) { return Error{Errc::bad_value, "webhook.event", error.message}; };
  if (!event.is_object()) return Error{Errc::bad_value, "webhook.event", "an event is an object"};
  Event read;
  if (auto done = fields_.apply(event, &read.what); !done) return unfit(done.error());
  const Incoming& what = read.what;
  if (what.user.size() > kMostId || what.id.size() > kMostId) {
    return Error{Errc::bad_value, "webhook.event", "id and user have at most 128 bytes"};
  }
  if (!files_ || what.kind != "message") return read;
  for (const Json& row : common::rows_at(event, files_at_)) {
    IncomingFile file;
    if (auto done = file_fields_.apply(row, &file); !done) return unfit(done.error());
    if (file.url.empty() && file.base64.empty()) continue;
    if (read.files.size() < kMostFiles) {
      read.files.push_back(std::move(file));
    } else {
      ++read.more_files;
    }
  }
  return read;
}

std::vector<contract::Claim> claims_of(const Incoming& event, bool proven) {
  namespace kind = contract::identity_kind;
  std::vector<contract::Claim> claims;
  for (const auto& [which, value] :
       {std::pair{kind::kAppUser, &event.app_user}, std::pair{kind::kPhone, &event.phone},
        std::pair{kind::kEmail, &event.email}, std::pair{kind::kUnionId, &event.unionid}}) {
    if (!value->empty()) claims.push_back({which, *value, proven});
  }
  return claims;
}

}  // namespace qiao::webhook
