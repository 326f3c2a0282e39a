#include <gtest/gtest.h>

#include <thread>

#include "front_fixture.hpp"

namespace qiao::test {

struct TicketInput {
  Id id;
  std::string title;
  std::int32_t count = 1;
  std::vector<std::string> tags;
  std::optional<bool> urgent;
};
QIAO_FIELDS(TicketInput, id, title, count, tags, urgent)

struct TicketOutput {
  Id id;
  std::string text;
};
QIAO_FIELDS(TicketOutput, id, text)

namespace {

Route open_route(std::string method, std::string path, Run run = Run::direct) {
  return {.method = std::move(method), .path = std::move(path), .access = Access::anyone(), .run = run};
}

Result<TicketOutput> describe(const TicketInput& in) {
  std::string text = in.title + " x" + std::to_string(in.count);
  for (const std::string& tag : in.tags) text += " #" + tag;
  if (in.urgent) text += *in.urgent ? " urgent" : " calm";
  return TicketOutput{in.id, text};
}

void say(const HttpReply& reply, std::string text) { reply({.content_type = "text/plain", .body = std::move(text)}); }

TEST(HttpFront, GivesPathParametersDecoded) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/a/{one}/b/{two}"), [](const auto& r, const HttpReply& reply) {
    say(reply,
        std::string(r->param("one")) + "|" + std::string(r->param("two")) + "|" + std::string(r->query_value("q")));
  });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/a/x%2Fy/b/%E6%A1%A5?q=1+2%2B3"))->body, "x/y|桥|1 2+3");
}

TEST(HttpFront, PrefersLiteralSegmentsOverParameters) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/t/{id}"), [](const auto&, const HttpReply& reply) { say(reply, "any"); });
  front.http->raw(open_route("GET", "/t/mine"), [](const auto&, const HttpReply& reply) { say(reply, "mine"); });
  front.http->raw(open_route("GET", "/t/mine/{x}"), [](const auto&, const HttpReply& reply) { say(reply, "below"); });
  front.http->raw(open_route("GET", "/t/{id}/notes"), [](const auto&, const HttpReply& reply) { say(reply, "notes"); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/t/mine"))->body, "mine");
  EXPECT_EQ(client.ask(get("/t/7"))->body, "any");
  EXPECT_EQ(client.ask(get("/t/7/notes"))->body, "notes");
  EXPECT_EQ(client.ask(get("/t/"))->status, 404);
}

TEST(HttpFront, AnswersOptionsAndOtherMethodsFromTheTable) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/x"), [](const auto&, const HttpReply& reply) { say(reply, "hello"); });
  front.http->raw(open_route("PATCH", "/x"), [](const auto&, const HttpReply& reply) { say(reply, "patched"); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  const auto wrong = client.ask("DELETE /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->header("allow"), "GET, HEAD, OPTIONS, PATCH");
  const auto options = client.ask("OPTIONS /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(options->status, 204);
  EXPECT_EQ(options->header("allow"), "GET, HEAD, OPTIONS, PATCH");
  const auto head = client.ask("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n", true);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("content-length"), "5");
  const auto missing = client.ask(get("/y"));
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->header("content-type"), "application/problem+json");
}

TEST(HttpFront, DecodesTypedInputFromTheBodyAndThePath) {
  FrontFixture front;
  front.http->route<TicketInput, TicketOutput>(open_route("POST", "/tickets/{id}", Run::blocking),
                                               [](const TicketInput& in, const HttpRequest&) { return describe(in); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  const auto made =
      client.ask(post("/tickets/42", R"({"id":"7","title":"lost","count":2,"tags":["a","b"],"urgent":true})"));
  EXPECT_EQ(made->status, 200);
  EXPECT_EQ(made->body, R"({"id":"42","text":"lost x2 #a #b urgent"})");
  EXPECT_EQ(client.ask(post("/tickets/42", ""))->body, R"({"id":"42","text":" x1"})");
  EXPECT_EQ(client.ask(post("/tickets/nonsense", "{}"))->status, 400);
  EXPECT_EQ(client.ask(post("/tickets/42", "{nonsense"))->status, 400);
  EXPECT_EQ(client.ask(post("/tickets/42", R"({"unknown":1})"))->status, 400);
  EXPECT_EQ(client.ask(post("/tickets/42", "{}", "Content-Type: text/plain\r\n"))->status, 415);
  EXPECT_EQ(client.ask(post("/tickets/42", "{}", ""))->status, 415);
  EXPECT_EQ(client.ask(post("/tickets/42", "{}", "Content-Type: application/json; charset=utf-8\r\n"))->status, 200);
}

TEST(HttpFront, DecodesTypedInputFromTheQuery) {
  FrontFixture front;
  front.http->route<TicketInput, TicketOutput>(open_route("GET", "/tickets/{id}"),
                                               [](const TicketInput& in, const HttpRequest&) { return describe(in); });
  front.http->route<TicketInput, Nothing>(
      open_route("DELETE", "/tickets/{id}"),
      [](const TicketInput&, const HttpRequest&) -> Result<Nothing> { return Nothing{}; });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/tickets/42?title=a%20b&count=3&tags=x&tags=y&urgent=false"))->body,
            R"({"id":"42","text":"a b x3 #x #y calm"})");
  EXPECT_EQ(client.ask(get("/tickets/42?count=many"))->status, 400);
  EXPECT_EQ(client.ask(get("/tickets/42?count=99999999999"))->status, 400);
  EXPECT_EQ(client.ask(get("/tickets/42?count=1&count=2"))->status, 400);
  const auto unknown = client.ask(get("/tickets/42?colour=red"));
  EXPECT_EQ(unknown->status, 400);
  EXPECT_NE(unknown->body.find("colour"), std::string::npos);
  EXPECT_EQ(client.ask("DELETE /tickets/42 HTTP/1.1\r\nHost: localhost\r\n\r\n")->status, 204);
}

TEST(HttpFront, TurnsExceptionsIntoAProblemAndLogsThem) {
  FrontFixture front;
  for (const qiao::Run run : {Run::direct, Run::blocking}) {
    front.http->raw(open_route("GET", run == Run::direct ? "/direct" : "/blocking", run),
                    [](const auto&, const HttpReply&) { throw std::runtime_error("the fridge is open"); });
  }
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  for (const char* path : {"/direct", "/blocking"}) {
    const auto response = client.ask(get(path));
    EXPECT_EQ(response->status, 500);
    EXPECT_NE(response->body.find("plugin.threw"), std::string::npos);
    EXPECT_EQ(response->body.find("fridge"), std::string::npos) << "inner texts stay inside";
    EXPECT_TRUE(front.log.contains("the fridge is open request=" + response->header("x-request-id")));
  }
}

TEST(HttpFront, AnswersFiveHundredWhenAHandlerForgetsToAnswer) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/x"), [](const auto&, const HttpReply&) {});
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/x"))->status, 500);
  EXPECT_EQ(client.ask(get("/x"))->status, 500) << "the connection stays in order";
}

TEST(HttpFront, TakesTheFirstOfSeveralAnswersFromAnyThread) {
  FrontFixture front;
  std::thread later;
  front.http->raw(open_route("GET", "/x"), [&](const auto&, const HttpReply& reply) {
    later = std::thread([reply] {
      say(reply, "first");
      say(reply, "second");
    });
  });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/x"))->body, "first");
  later.join();
  EXPECT_EQ(client.ask(get("/nowhere"))->status, 404);
}

TEST(HttpFront, AnswersPipelinedRequestsInOrderWhateverTheyTake) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/slow", Run::blocking),
                  [](const auto&, const HttpReply& reply) { say(reply, "slow"); });
  front.http->raw(open_route("GET", "/fast"), [](const auto&, const HttpReply& reply) { say(reply, "fast"); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  std::string all;
  for (int i = 0; i < 200; ++i) all += get("/slow") + get("/fast");
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(client.read_response()->body, "slow");
    ASSERT_EQ(client.read_response()->body, "fast");
  }
}

TEST(HttpFront, SendsTheInterimAnswerThatAClientWaitsFor) {
  FrontFixture front;
  front.http->raw({.method = "POST", .path = "/up", .access = Access::anyone(), .run = Run::direct, .max_body = 5},
                  [](const auto& r, const HttpReply& reply) { say(reply, r->body); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  const auto interim =
      client.ask("POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(interim->status, 100);
  EXPECT_EQ(client.ask("abc")->body, "abc");
  const auto refused =
      client.ask("POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(refused->status, 413);
}

TEST(HttpFront, SendsLargeAnswersToAReaderThatTakesItsTime) {
  FrontFixture front;
  const std::string large(8 << 20, 'x');
  front.http->raw(open_route("GET", "/large"), [&](const auto&, const HttpReply& reply) { say(reply, large); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  client.send(get("/large") + get("/large"));
  EXPECT_EQ(client.read_response()->body, large);
  EXPECT_EQ(client.read_response()->body, large);
}

TEST(HttpFront, PutsSecurityHeadersOnEveryAnswer) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/x"), [](const auto&, const HttpReply& reply) {
    reply(
        {.body = "{}",
         .headers = {{"Referrer-Policy", "same-origin"}, {"X-Mine", "1"}, {"Content-Length", "99"}, {"Server", "x"}}});
  });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  const auto plain = client.ask(get("/x"));
  EXPECT_EQ(plain->header("x-content-type-options"), "nosniff");
  EXPECT_EQ(plain->header("referrer-policy"), "same-origin");
  EXPECT_EQ(plain->header("x-mine"), "1");
  EXPECT_EQ(plain->header("server"), "");
  EXPECT_EQ(plain->body, "{}");
  EXPECT_NE(plain->header("date"), "");
  EXPECT_EQ(client.ask(get("/none"))->header("referrer-policy"), "no-referrer");
}

TEST(HttpFront, RefusesHeadersThatWouldSplitTheAnswer) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/split"), [](const auto& r, const HttpReply& reply) {
    reply({.body = "{}", .headers = {{"Location", "/" + std::string(r->query_value("to"))}}});
  });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/split?to=home"))->header("location"), "/home");
  const auto response = client.ask(get("/split?to=a%0D%0ASet-Cookie:%20evil=1"));
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(response->header("set-cookie"), "");
  EXPECT_TRUE(front.log.contains("line break"));
}

TEST(HttpFront, EchoesAUsableRequestIdAndMakesOneOtherwise) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/x"),
                  [](const auto& r, const HttpReply& reply) { say(reply, r->request_id.str()); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  const auto made = client.ask(get("/x"));
  EXPECT_EQ(made->header("x-request-id"), made->body);
  EXPECT_EQ(client.ask(get("/x", "X-Request-Id: shop-17.a_b\r\n"))->header("x-request-id"), "shop-17.a_b");
  const auto odd = client.ask(get("/x", "X-Request-Id: <script>\r\n"));
  EXPECT_EQ(odd->header("x-request-id"), odd->body);
}

TEST(HttpFront, RefusesWhatThePoolHasNoRoomFor) {
  auto options = quick_options();
  options.max_blocking = 2;
  FrontFixture front(options);
  front.http->raw(open_route("GET", "/x", Run::blocking),
                  [](const auto&, const HttpReply& reply) { say(reply, "done"); });
  ASSERT_TRUE(front.http->activate());
  front.pool.hold();
  RawClient one(front.port());
  RawClient two(front.port());
  RawClient three(front.port());
  one.send(get("/x"));
  two.send(get("/x"));
  // Which of the three comes last is the scheduler's choice; one of them must be refused while the pool stands still.
  std::optional<RawClient::Response> refused;
  three.send(get("/x"));
  ASSERT_TRUE(FrontFixture::eventually([&] { return front.refused("overloaded") == 1; }));
  front.pool.release();
  int ok = 0;
  for (RawClient* client : {&one, &two, &three}) {
    const auto response = client->read_response();
    if (response->status == 200) {
      ++ok;
    } else {
      EXPECT_EQ(response->status, 503);
      EXPECT_EQ(response->header("retry-after"), "1");
    }
  }
  EXPECT_EQ(ok, 2);
  front.pool.refuse(true);
  EXPECT_EQ(one.ask(get("/x"))->status, 503);
  front.pool.refuse(false);
  EXPECT_EQ(one.ask(get("/x"))->status, 200);
}

TEST(HttpFront, RefusesBodiesThatTogetherTakeTooMuchMemory) {
  auto options = quick_options();
  options.body_memory = 100'000;
  FrontFixture front(options);
  front.http->raw(open_route("POST", "/x"),
                  [](const auto& r, const HttpReply& reply) { say(reply, std::to_string(r->body.size())); });
  ASSERT_TRUE(front.http->activate());
  RawClient first(front.port());
  RawClient second(front.port());
  const std::string body(60'000, 'x');
  first.send(post("/x", body + "y", "").substr(0, post("/x", body + "y", "").size() - 1));
  std::optional<RawClient::Response> refused;
  ASSERT_TRUE(FrontFixture::eventually([&] {
    RawClient client(front.port());
    refused = client.ask(post("/x", body, ""));
    return refused && refused->status == 503;
  }));
  EXPECT_EQ(refused->header("retry-after"), "1");
  EXPECT_EQ(first.ask("y")->body, "60001");
  EXPECT_EQ(second.ask(post("/x", body, ""))->body, "60000") << "what was taken is given back";
  EXPECT_EQ(second.ask(post("/x", body, ""))->body, "60000");
}

TEST(HttpFront, ClosesIdleAndSlowConnections) {
  auto options = quick_options();
  options.header_timeout = std::chrono::milliseconds(60);
  options.keep_alive = std::chrono::milliseconds(60);
  options.body_grace = std::chrono::milliseconds(60);
  FrontFixture front(options);
  front.http->raw(open_route("POST", "/x"), [](const auto&, const HttpReply& reply) { say(reply, "done"); });
  ASSERT_TRUE(front.http->activate());

  RawClient silent(front.port());
  EXPECT_TRUE(silent.closed_by_server());

  RawClient half(front.port());
  half.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_EQ(half.read_response()->status, 408);
  EXPECT_TRUE(half.closed_by_server());

  RawClient slow_body(front.port());
  slow_body.send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nab");
  EXPECT_EQ(slow_body.read_response()->status, 408);
  EXPECT_TRUE(slow_body.closed_by_server());

  RawClient idle(front.port());
  EXPECT_EQ(idle.ask(post("/x", ""))->status, 200);
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_EQ(front.refused("too_slow"), 2u);
}

TEST(HttpFront, GivesUpOnAHandlerThatDoesNotAnswer) {
  auto options = quick_options();
  options.answer_timeout = std::chrono::milliseconds(50);
  FrontFixture front(options);
  HttpReply kept;
  front.http->raw(open_route("GET", "/never"), [&](const auto&, const HttpReply& reply) { kept = reply; });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  const auto response = client.ask(get("/never"));
  EXPECT_EQ(response->status, 504);
  EXPECT_TRUE(client.closed_by_server());
  say(kept, "too late");
  kept = nullptr;
}

TEST(HttpFront, ServesNormallyBesideManySlowConnections) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/x"), [](const auto&, const HttpReply& reply) { say(reply, "quick"); });
  ASSERT_TRUE(front.http->activate());
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 2000; ++i) {
    slow.push_back(std::make_unique<RawClient>(front.port()));
    slow.back()->send("GET /x HTTP/1.1\r\nHo");
  }
  RawClient client(front.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.ask(get("/x"))->body, "quick");
}

TEST(HttpFront, CountsAnswersRefusalsAndLatency) {
  FrontFixture front;
  front.http->raw(open_route("GET", "/x"), [](const auto&, const HttpReply& reply) { say(reply, "ok"); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  client.ask(get("/x"));
  client.ask(get("/y"));
  client.ask("nonsense\r\n\r\n");
  const std::string text = front.metrics.render();
  EXPECT_NE(text.find(R"(qiao_http_answers_total{status="2xx"} 1)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(qiao_http_answers_total{status="4xx"} 2)"), std::string::npos);
  EXPECT_NE(text.find(R"(qiao_http_refused_total{reason="malformed"} 1)"), std::string::npos);
  EXPECT_NE(text.find(R"(qiao_http_request_seconds_count{method="GET",plugin="test",route="/x"} 1)"), std::string::npos)
      << text;
}

TEST(HttpFront, NamesTheListenerThatCannotBeBound) {
  FrontFixture first;
  CapturingLogger log;
  core::MetricsRegistry metrics;
  const auto start = [&](const std::string& address) {
    core::GatewayOptions options;
    options.listen = {address};
    core::Gateway second(options, {log, metrics, [](const std::function<void()>&) { return false; }, {}});
    return second.start();
  };
  const auto taken = start("127.0.0.1:" + std::to_string(first.port()));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().id, "http.bind");
  EXPECT_NE(taken.error().message.find("another program listens there"), std::string::npos) << taken.error().message;
  EXPECT_EQ(start("nonsense").error().id, "http.bad_option");
  EXPECT_EQ(start("127.0.0.1:99999").error().id, "http.bad_option");
}

}  // namespace
}  // namespace qiao::test
