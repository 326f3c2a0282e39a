#include <gmock/gmock.h>

#include <deque>

#include "connectors/webhook/client/incoming.hpp"
#include "connectors/webhook/client/outgoing.hpp"

namespace qiao::webhook {
namespace {

using channel::Part;
using testing::ElementsAre;
using testing::HasSubstr;

const Time kNow = from_micros(1'732'254'100'000'000);

HttpRequest call(const std::string& body, std::vector<std::pair<std::string, std::string>> headers) {
  HttpRequest request;
  request.method = "POST";
  request.body = body;
  request.headers = std::move(headers);
  return request;
}

SignatureSettings plain() {
  SignatureSettings settings;
  settings.secrets = {Secret("new-secret"), Secret("old-secret")};
  return settings;
}

// printf '%s' '{"a":1}' | openssl dgst -sha256 -hmac new-secret, and the same with old-secret, and "1732254100.{"a":1}"
constexpr const char* kBody = R"({"a":1})";
constexpr const char* kNew = "fb31df14fa9b660a954226e53cb92e1230d5de9a9946a386b5ca88f048ab3709";
constexpr const char* kOld = "3c72ab878c4ed3c2fde01df3b26de050e00acb2627397bd6fae626b378f72931";
constexpr const char* kTimed = "v1=S4nax+k5IZkXII96Rw1JPczAQFRsYMmEiJHyNaM1QBg=";

TEST(Signature, CountsWithBothSecretsWhileOneIsBeingChanged) {
  const SignatureSettings settings = plain();
  EXPECT_TRUE(check_signature(settings, call(kBody, {{"x-signature", kNew}}), kNow));
  EXPECT_TRUE(check_signature(settings, call(kBody, {{"x-signature", kOld}}), kNow));
  std::string upper = kNew;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(check_signature(settings, call(kBody, {{"x-signature", upper}}), kNow));
  SignatureSettings one = settings;
  one.secrets.pop_back();
  EXPECT_FALSE(check_signature(one, call(kBody, {{"x-signature", kOld}}), kNow));
}

TEST(Signature, IsRefusedWhenMissingForgedOrOfAnotherBody) {
  const SignatureSettings settings = plain();
  EXPECT_EQ(check_signature(settings, call(kBody, {}), kNow).error().id, "webhook.signature");
  EXPECT_FALSE(check_signature(settings, call(R"({"a":2})", {{"x-signature", kNew}}), kNow));
  EXPECT_FALSE(check_signature(settings, call(kBody, {{"x-signature", std::string(kNew).substr(1)}}), kNow));
  EXPECT_FALSE(check_signature(settings, call(kBody, {{"x-signature", std::string(kNew) + "0"}}), kNow));
}

TEST(Signature, MayBeBase64WithAPrefixOverTimeAndBody) {
  SignatureSettings settings = plain();
  settings.header = "X-Shop-Signature";
  settings.prefix = "v1=";
  settings.base64 = true;
  settings.sign = "{time}.{body}";
  settings.time_header = "X-Shop-Time";
  const auto at = [&](const char* time) {
    return check_signature(settings, call(kBody, {{"x-shop-signature", kTimed}, {"x-shop-time", time}}), kNow);
  };
  EXPECT_TRUE(at("1732254100"));
  EXPECT_FALSE(at("1732254101")) << "the time is signed";
  const auto later = [&](std::chrono::seconds by) {
    return check_signature(settings, call(kBody, {{"x-shop-signature", kTimed}, {"x-shop-time", "1732254100"}}),
                           kNow + by);
  };
  EXPECT_TRUE(later(std::chrono::seconds(299)));
  EXPECT_TRUE(later(std::chrono::seconds(-299)));
  EXPECT_EQ(later(std::chrono::seconds(301)).error().id, "webhook.too_old");
  EXPECT_EQ(later(std::chrono::seconds(-301)).error().id, "webhook.too_old");
}

Reader reader(const IncomingSettings& settings) {
  auto made = Reader::compile(settings, {});
  EXPECT_TRUE(made) << made.error().message;
  return std::move(*made);
}

IncomingSettings shop() {
  IncomingSettings settings;
  settings.signature.secrets = {Secret("s")};
  settings.events = "/events";
  settings.fields = {{"kind", "/type | map message.created=message"},
                     {"id", "/id"},
                     {"user", "/customer/id"},
                     {"text", "/text"},
                     {"at", "/at | seconds"},
                     {"app_user", "/customer/account"},
                     {"attributes.level", "/customer/level"}};
  settings.files = common::ListMap{"/files", {{"url", "/link"}, {"name", "/name"}}};
  return settings;
}

TEST(Reader, ReadsEventsAsTheMappingSays) {
  const Reader read = reader(shop());
  auto events = read.events(
      R"({"events":[{"type":"message.created","id":7,"customer":{"id":"c1","account":"u88","level":"gold"},"text":"在吗",)"
      R"("at":1732254100,"files":[{"link":"https://f.example/a.png","name":"a.png"},{"name":"no address"}]}]})");
  ASSERT_TRUE(events) << events.error().message;
  ASSERT_EQ(events->size(), 1U);
  auto event = read.read(events->front());
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->what.kind, "message");
  EXPECT_EQ(event->what.id, "7");
  EXPECT_EQ(event->what.user, "c1");
  EXPECT_EQ(event->what.text, "在吗");
  EXPECT_EQ(event->what.at, kNow);
  EXPECT_EQ(event->what.attributes.at("level"), "gold");
  ASSERT_EQ(event->files.size(), 1U);
  EXPECT_EQ(event->files[0].name, "a.png");
  const auto claims = claims_of(event->what, true);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].kind, contract::identity_kind::kAppUser);
  EXPECT_TRUE(claims[0].verified);
}

TEST(Reader, CountsTheFilesThatOneMessageDoesNotTake) {
  const Reader read = reader(shop());
  common::Json message{{"type", "message.created"}, {"id", "1"}, {"customer", {{"id", "c"}}}};
  for (int i = 0; i < 13; ++i) message["files"].push_back({{"link", "https://f.example/" + std::to_string(i)}});
  auto event = read.read(message);
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->files.size(), 10U);
  EXPECT_EQ(event->more_files, 3U) << "the agent is told that there are more";
}

TEST(Reader, SaysWhatDoesNotFit) {
  const Reader read = reader(shop());
  EXPECT_EQ(read.events("{").error().id, "webhook.not_json");
  EXPECT_EQ(read.events(R"({"other":[]})").error().id, "webhook.no_event");
  EXPECT_FALSE(read.events(R"([1,2])"));
  EXPECT_FALSE(read.read(common::Json("text")));
  auto event = read.read(common::Json{{"id", "1"}, {"customer", {{"id", "c"}}}, {"at", "yesterday"}});
  ASSERT_FALSE(event);
  EXPECT_THAT(event.error().message, HasSubstr("at"));
  EXPECT_FALSE(read.read(common::Json{{"id", std::string(129, 'x')}, {"customer", {{"id", "c"}}}}));
}

TEST(Reader, FindsMistakesInTheMappingBeforeAnythingRuns) {
  IncomingSettings settings = shop();
  settings.fields["usr"] = "/x";
  EXPECT_THAT(Reader::compile(settings, {}).error().message, HasSubstr("user"));
  settings = shop();
  settings.fields.erase("user");
  EXPECT_THAT(Reader::compile(settings, {}).error().message, HasSubstr("user is needed"));
  settings = shop();
  settings.signature.sign = "{time}{boddy}";
  EXPECT_THAT(Reader::compile(settings, {}).error().message, HasSubstr("in.signature.sign"));
}

/// A sender to a platform that answers what the test says.
struct Peer {
  std::vector<OutboundRequest> requests;
  std::deque<OutboundResponse> answers;

  std::shared_ptr<Sender> sender(const OutgoingSettings& settings) {
    auto made = Sender::make(
        settings,
        [this](const OutboundRequest& request) -> Result<OutboundResponse> {
          requests.push_back(request);
          OutboundResponse next = answers.front();
          answers.pop_front();
          return next;
        },
        system_clock());
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : nullptr;
  }
  void says(int status, std::string body) {
    OutboundResponse response;
    response.status = status;
    response.body = std::move(body);
    answers.push_back(std::move(response));
  }
};

OutgoingSettings api() {
  OutgoingSettings settings;
  settings.url = "https://api.example";
  settings.text.method = "POST";
  settings.text.path = "/messages";
  settings.text.headers = {{"Idempotency-Key", "{key}"}};
  settings.text.body = R"({"to":"{user}","text":"{text}","by":"{author}"})";
  settings.file = common::CallSettings{};
  settings.file->method = "POST";
  settings.file->path = "/files";
  settings.file->body = R"({"to":"{user}","kind":"{file_kind}","name":"{file_name}","data":"{file_data}"})";
  settings.id = "/id";
  return settings;
}

Part text_part(const std::string& text) {
  Part part;
  part.key = "77-1";
  part.user = "c1";
  part.text = text;
  return part;
}

TEST(Sender, FillsTheTemplatesAndReadsTheId) {
  Peer peer;
  auto sender = peer.sender(api());
  peer.says(200, R"({"id":"m-9"})");
  auto sent = sender->send(text_part("说 \"好\"\n"), {});
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(*sent, "m-9");
  EXPECT_EQ(peer.requests[0].url, "https://api.example/messages");
  const auto body = common::Json::parse(peer.requests[0].body);
  EXPECT_EQ(body["text"], "说 \"好\"\n");
  EXPECT_EQ(body["by"], "agent");
  EXPECT_THAT(peer.requests[0].headers, testing::Contains(testing::Pair("Idempotency-Key", "77-1")));
}

TEST(Sender, SendsFilesAsBytesOrByAddress) {
  Peer peer;
  OutgoingSettings settings = api();
  Part part = text_part("");
  part.kind = Part::Kind::file;
  part.file = {.id = Id{3}, .name = "a.png", .media_type = "image/png", .size = 3};
  const Sender::File file{.url = [] { return std::string(); }, .bytes = [] { return Result<std::string>("abc"); }};
  peer.says(200, R"({"id":1})");
  ASSERT_TRUE(peer.sender(settings)->send(part, file));
  const auto body = common::Json::parse(peer.requests[0].body);
  EXPECT_EQ(body["data"], "YWJj");
  EXPECT_EQ(body["kind"], "image");
  settings.file->body = R"({"link":"{file_url}"})";
  EXPECT_EQ(peer.sender(settings)->send(part, file).error().code, Errc::unsupported)
      << "without a public address it becomes a note";
}

TEST(Sender, TellsWhatCanBeTriedAgain) {
  Peer peer;
  auto sender = peer.sender(api());
  const auto code = [&](int status) {
    peer.says(status, "{}");
    return sender->send(text_part("x"), {}).error().code;
  };
  EXPECT_EQ(code(429), Errc::rate_limited);
  EXPECT_EQ(code(503), Errc::unavailable);
  EXPECT_EQ(code(422), Errc::bad_value);
  peer.says(401, "{}");
  EXPECT_EQ(sender->send(text_part("x"), {}).error().id, "channel.token");
}

TEST(Sender, FailsAtOnceWhatThePlatformRefusesWithStatus200) {
  OutgoingSettings settings = api();
  settings.success.at = "/code";
  settings.success.is = {"0"};
  settings.success.message = "/message";
  settings.success.wait = {"7"};
  Peer peer;
  auto sender = peer.sender(settings);
  peer.says(200, R"({"code":4003,"message":"no such customer"})");
  const auto refused = sender->send(text_part("x"), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_value) << "the agent is told now, not in an hour";
  EXPECT_THAT(refused.error().message, HasSubstr("no such customer"));
  peer.says(200, R"({"code":7})");
  EXPECT_EQ(sender->send(text_part("x"), {}).error().code, Errc::rate_limited);
}

TEST(Sender, TakesAPlainOkForAnAnswerWhenNothingIsReadFromIt) {
  OutgoingSettings settings = api();
  Peer peer;
  peer.says(200, "OK");
  EXPECT_FALSE(peer.sender(settings)->send(text_part("x"), {})) << "the id is missing";
  settings.id.clear();
  peer.says(200, "OK");
  EXPECT_TRUE(peer.sender(settings)->send(text_part("x"), {})) << "else it would be sent again and again";
  peer.says(503, "busy");
  EXPECT_FALSE(peer.sender(settings)->send(text_part("x"), {}));
}

TEST(Sender, FindsMistakesInTheTemplatesBeforeAnythingRuns) {
  OutgoingSettings settings = api();
  settings.text.body = R"({"to":{user}})";
  EXPECT_THAT(Sender::make(settings, {}, system_clock()).error().message, HasSubstr("out.text"));
  settings = api();
  settings.file->path = "/{nobody}";
  EXPECT_THAT(Sender::make(settings, {}, system_clock()).error().message, HasSubstr("out.file"));
  settings = api();
  settings.text.body.clear();
  EXPECT_FALSE(Sender::make(settings, {}, system_clock()));
}

}  // namespace
}  // namespace qiao::webhook
