#include "qiao/outbound.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "fault_server.hpp"

namespace qiao::test {
namespace {

using namespace std::chrono_literals;
using Peer = FaultServer::Peer;

std::string id_of(const Result<OutboundResponse>& answer) {
  return answer ? "status " + std::to_string(answer->status) : std::string(answer.error().name());
}

OutboundSettings naming(const FaultServer& server) {
  OutboundSettings settings;
  settings.named = {server.host_port()};
  return settings;
}

/// Answers each request of a connection with the same bytes.
std::function<void(Peer&)> answering(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) {
    while (!peer.head().empty() && peer.send(bytes)) {
    }
  };
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kind: plain\r\n\r\nhi";

Result<OutboundResponse> get(OutboundClient& client, const std::string& url) {
  OutboundRequest request;
  request.url = url;
  return client.send(request);
}

/// What an address in this spelling leads to, when nothing is named and no name resolves.
std::string verdict(const std::string& url) {
  OutboundSettings settings;
  settings.resolve = [](const std::string&) -> Result<std::vector<std::string>> {
    return Error{Errc::not_found, "no such name"};
  };
  OutboundClient client(settings);
  return id_of(get(client, url));
}

}  // namespace

TEST(Outbound, AnswersWithStatusHeadersAndBody) {
  FaultServer server(answering(kOk));
  OutboundClient client(naming(server));
  auto answer = get(client, server.url() + "/stock?sku=A-7");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hi");
  EXPECT_EQ(answer->header("x-kind"), "plain");
}

TEST(Outbound, SendsWhatItWasGivenOnce) {
  std::string seen;
  std::mutex mutex;
  FaultServer server([&](Peer& peer) {
    std::string head = peer.head();
    char body[5] = "";
    peer.wait(POLLIN);
    ::recv(peer.fd(), body, 4, MSG_WAITALL);
    const std::lock_guard lock(mutex);
    seen = head + body;
    peer.send(kOk);
  });
  OutboundClient client(naming(server));
  ASSERT_TRUE(client.send({"POST", server.url() + "/a/b?c=1", {{"Authorization", "Bearer t"}}, "body"}));
  const std::lock_guard lock(mutex);
  EXPECT_TRUE(seen.starts_with("POST /a/b?c=1 HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("Host: " + server.host_port() + "\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("Authorization: Bearer t\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("Content-Length: 4\r\n"), std::string::npos) << seen;
  EXPECT_TRUE(seen.ends_with("\r\n\r\nbody")) << seen;
}

TEST(Outbound, RefusesEveryAddressThatIsNotPublic) {
  for (const std::string host : {"127.0.0.1",
                                 "127.255.255.254",
                                 "0.0.0.0",
                                 "0.1.2.3",
                                 "10.0.0.1",
                                 "10.255.255.255",
                                 "100.64.0.1",
                                 "100.127.255.255",
                                 "169.254.169.254",
                                 "172.16.0.1",
                                 "172.31.255.255",
                                 "192.0.0.8",
                                 "192.0.2.1",
                                 "192.88.99.1",
                                 "192.168.0.1",
                                 "198.18.0.1",
                                 "198.19.255.255",
                                 "198.51.100.7",
                                 "203.0.113.9",
                                 "224.0.0.1",
                                 "239.255.255.255",
                                 "240.0.0.1",
                                 "255.255.255.255",
                                 "[::1]",
                                 "[::]",
                                 "[::ffff:127.0.0.1]",
                                 "[::ffff:8.8.8.8]",
                                 "[::127.0.0.1]",
                                 "[64:ff9b::7f00:1]",
                                 "[64:ff9b:1::1]",
                                 "[100::1]",
                                 "[2001::1]",
                                 "[2001:db8::1]",
                                 "[2001:20::1]",
                                 "[2002:7f00:1::]",
                                 "[3fff::1]",
                                 "[fc00::1]",
                                 "[fd12:3456::1]",
                                 "[fe80::1]",
                                 "[fec0::1]",
                                 "[ff02::1]",
                                 "[2620:4f:8000::1]",
                                 "[0:0:0:0:0:0:0:1]",
                                 "[::FFFF:7F00:1]"}) {
    EXPECT_EQ(verdict("http://" + host + "/"), "outbound.refused_address") << host;
  }
}

TEST(Outbound, RefusesUnusualSpellingsOfAnAddress) {
  for (const std::string host : {"2130706433",
                                 "0x7f000001",
                                 "0x7f.0.0.1",
                                 "0177.0.0.1",
                                 "017700000001",
                                 "127.1",
                                 "127.0.1",
                                 "127.0.0.01",
                                 "127.0.0.1.",
                                 "127.0.0.256",
                                 "1.2.3.4.5",
                                 "0x7f.1",
                                 "localhost.",
                                 "user@127.0.0.1",
                                 "example.com@127.0.0.1",
                                 "user:pass@example.com",
                                 "127%2e0%2e0%2e1",
                                 "%31%32%37.0.0.1",
                                 "127。0。0。1",
                                 "①②⑦.0.0.1",
                                 "bücher.example",
                                 "exa mple.com",
                                 "exa\tmple.com",
                                 "exa\nmple.com",
                                 "exa\\mple.com",
                                 "[::1",
                                 "[::1]x",
                                 "[fe80::1%25eth0]",
                                 "[127.0.0.1]",
                                 "[]",
                                 "",
                                 ".",
                                 "a..b",
                                 "-a.example",
                                 "a-.example",
                                 "example.com:",
                                 "example.com:0",
                                 "example.com:65536",
                                 "example.com:8o",
                                 "example.com:+80",
                                 "example.com:000080",
                                 "example.com#@127.0.0.1"}) {
    EXPECT_EQ(verdict("http://" + host + "/"), "outbound.bad_url") << host;
  }
  for (const std::string url :
       {"ftp://example.com/", "file:///etc/passwd", "//example.com/", "example.com", "http:/x", "gopher://127.0.0.1/",
        "javascript:alert(1)", "http//x", "http", "https", "http:", "https:/", "://x", ""}) {
    EXPECT_EQ(verdict(url), "outbound.bad_url") << url;
  }
}

TEST(Outbound, AsksTheResolverForOrdinaryNamesOnly) {
  EXPECT_EQ(verdict("http://Example.COM/"), "outbound.unresolved");
  EXPECT_EQ(verdict("https://xn--bcher-kva.example:8443/x?y=z"), "outbound.unresolved");
  EXPECT_EQ(verdict("http://a_b.example/"), "outbound.unresolved");
}

TEST(Outbound, RefusesANameWhenAnyOfItsAddressesIsSpecial) {
  OutboundSettings settings;
  settings.resolve = [](const std::string&) { return std::vector<std::string>{"93.184.216.34", "10.0.0.5"}; };
  OutboundClient client(settings);
  EXPECT_EQ(id_of(get(client, "http://erp.example/")), "outbound.refused_address");
}

TEST(Outbound, ConnectsToTheAddressThatItCheckedAndAsksOnlyOnce) {
  FaultServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  // The second answer would lead somewhere else: a name server that changes its mind between check and use.
  std::atomic<int> asked{0};
  OutboundSettings settings;
  settings.named = {"rebind.example:" + std::to_string(server.port())};
  settings.resolve = [&](const std::string&) {
    return std::vector<std::string>{asked++ == 0 ? "127.0.0.1" : "127.0.0.2"};
  };
  OutboundClient client(settings);
  EXPECT_EQ(id_of(get(client, "http://rebind.example:" + std::to_string(server.port()) + "/")), "status 200");
  EXPECT_EQ(asked, 1);
}

TEST(Outbound, ANameThatTurnsPrivateIsRefusedTheNextTime) {
  // A proxy stands in for the public address.
  FaultServer proxy([](Peer& peer) {
    peer.head();
    peer.send("HTTP/1.1 200 Open\r\n\r\n");
    peer.head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  std::atomic<int> asked{0};
  OutboundSettings settings;
  settings.proxy = proxy.host_port();
  settings.resolve = [&](const std::string&) {
    return std::vector<std::string>{asked++ == 0 ? "93.184.216.34" : "127.0.0.1"};
  };
  OutboundClient client(settings);
  EXPECT_EQ(id_of(get(client, "http://rebind.example:9/")), "status 200");
  EXPECT_EQ(id_of(get(client, "http://rebind.example:9/")), "outbound.refused_address");
}

TEST(Outbound, NamingCoversThatPortOnly) {
  FaultServer server(answering(kOk));
  OutboundSettings settings;
  settings.named = {"127.0.0.1:1"};
  OutboundClient client(settings);
  EXPECT_EQ(id_of(get(client, server.url())), "outbound.refused_address");
}

TEST(Outbound, ARedirectIsAnAnswerAndIsNotFollowed) {
  for (const int status : {301, 302, 303, 307, 308}) {
    FaultServer server(answering("HTTP/1.1 " + std::to_string(status) +
                                 " Elsewhere\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"));
    OutboundClient client(naming(server));
    auto answer = get(client, server.url());
    EXPECT_EQ(id_of(answer), "status " + std::to_string(status));
    EXPECT_EQ(answer->header("location"), "http://169.254.169.254/");
    EXPECT_EQ(server.connections(), 1);
  }
}

TEST(Outbound, TheDeadlineHoldsForTheWholeAnswerHoweverItTrickles) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
  for (const bool in_head : {true, false}) {
    FaultServer server([&](Peer& peer) {
      peer.head();
      if (!in_head) peer.send(head);
      for (std::size_t i = 0; peer.pause(10); ++i) {
        if (!peer.send(std::string(1, in_head ? head[i % 15] : 'x'))) return;
      }
    });
    OutboundSettings settings = naming(server);
    settings.total_timeout = 200ms;
    OutboundClient client(settings);
    EXPECT_EQ(id_of(get(client, server.url())), "outbound.timeout") << in_head;
  }
}

TEST(Outbound, AServerThatSaysNothingTimesOut) {
  FaultServer server([](Peer& peer) { peer.hang(); });
  OutboundSettings settings = naming(server);
  OutboundClient client(settings);
  OutboundRequest request;
  request.url = server.url();
  request.timeout = 100ms;
  EXPECT_EQ(id_of(client.send(request)), "outbound.timeout");
}

TEST(Outbound, BrokenAnswersAreErrors) {
  const std::pair<const char*, std::string> cases[] = {
      {"noise", std::string("\x00\xff\x17qiao \r\n\r\n{{{{", 16)},
      {"nothing", ""},
      {"cut head", "HTTP/1.1 200 OK\r\nContent-Le"},
      {"cut body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
      {"cut chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
      {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"},
      {"status 0", "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n"},
      {"html", "<html>hello</html>\r\n\r\n"},
  };
  for (const auto& [what, bytes] : cases) {
    FaultServer server([&, text = bytes](Peer& peer) {
      peer.head();
      peer.send(text);
    });
    OutboundClient client(naming(server));
    EXPECT_EQ(id_of(get(client, server.url())), "outbound.broken") << what;
  }
  FaultServer server([](Peer& peer) {
    peer.head();
    peer.reset();
  });
  OutboundClient client(naming(server));
  EXPECT_EQ(id_of(get(client, server.url())), "outbound.broken");
}

TEST(Outbound, ReadsNoMoreThanItMay) {
  const std::string endless(64 * 1024, 'x');
  const auto flood = [&](const std::string& start) {
    return [&endless, start](Peer& peer) {
      peer.head();
      peer.send(start);
      while (peer.send(endless)) {
      }
    };
  };
  for (const std::string start : {"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5F5E100\r\n"}) {
    FaultServer server(flood(start));
    OutboundClient client(naming(server));
    EXPECT_EQ(id_of(get(client, server.url())), "outbound.too_large") << start;
  }
  for (const std::string start : {"HTTP/1.1 200 OK\r\nX-Long: ", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 ", ""}) {
    FaultServer server(flood(start));
    OutboundClient client(naming(server));
    EXPECT_FALSE(get(client, server.url())) << start;
  }
  // Headers without end, each of them short.
  FaultServer server([](Peer& peer) {
    peer.head();
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X-A: b\r\n")) {
    }
  });
  OutboundClient client(naming(server));
  EXPECT_FALSE(get(client, server.url()));
}

TEST(Outbound, KeepsConnectionsAndSendsAgainWhatAKeptOneLost) {
  std::atomic<int> requests{0};
  FaultServer server([&](Peer& peer) {
    // Two answers a connection; then it ends without a word once the third request is there.
    for (int i = 0; i < 2; ++i) {
      if (peer.head().empty()) return;
      ++requests;
      peer.send(kOk);
    }
    peer.head();
    ++requests;
  });
  OutboundClient client(naming(server));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(id_of(get(client, server.url())), "status 200") << i;
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(requests, 5);  // one of them twice
}

TEST(Outbound, DoesNotRepeatWhatMayNotBeRepeated) {
  std::atomic<int> posts{0};
  FaultServer server([&](Peer& peer) {
    peer.head();
    peer.send(kOk);
    if (!peer.head().empty()) ++posts;
  });
  OutboundClient client(naming(server));
  EXPECT_EQ(id_of(get(client, server.url())), "status 200");
  EXPECT_EQ(id_of(client.send({"POST", server.url()})), "outbound.broken");
  EXPECT_EQ(posts, 1);
}

TEST(Outbound, WhatFollowsAnAnswerIsNotTheNextAnswer) {
  FaultServer server([](Peer& peer) {
    peer.head();
    peer.send(kOk + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
    while (!peer.head().empty()) peer.send(kOk);
  });
  OutboundClient client(naming(server));
  EXPECT_EQ(get(client, server.url())->body, "hi");
  EXPECT_EQ(get(client, server.url())->body, "hi");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Outbound, RefusesHeadersThatWouldBeRequests) {
  OutboundClient client({});
  for (const std::pair<std::string, std::string>& header : {std::pair<std::string, std::string>{"X-A", "b\r\nX-C: d"},
                                                            {"X\r\nA", "b"},
                                                            {"", "b"},
                                                            {"X A", "b"},
                                                            {"Host", "other.example"},
                                                            {"content-length", "3"},
                                                            {"Transfer-Encoding", "chunked"},
                                                            {"X-A", std::string("b\0c", 3)}}) {
    EXPECT_EQ(id_of(client.send({"GET", "http://example.com/", {header}})), "outbound.bad_request") << header.first;
  }
  EXPECT_EQ(id_of(client.send({"GET / HTTP/1.1\r\nX: y", "http://example.com/"})), "outbound.bad_request");
  EXPECT_EQ(id_of(client.send({"GET", "http://example.com/a\r\nX: y"})), "outbound.bad_url");
}

TEST(Outbound, ClosingWakesWhoeverWaits) {
  FaultServer server([](Peer& peer) { peer.hang(); });
  OutboundClient client(naming(server));
  std::thread closer([&] {
    while (server.connections() == 0) std::this_thread::yield();
    client.close();
  });
  EXPECT_EQ(id_of(get(client, server.url())), "cancelled");
  closer.join();
  EXPECT_EQ(id_of(get(client, server.url())), "cancelled");
}

TEST(Outbound, NobodyThereIsUnreachable) {
  int port = 0;
  {
    port = FaultServer([](Peer&) {}).port();
  }
  OutboundSettings settings;
  settings.named = {"127.0.0.1:" + std::to_string(port)};
  OutboundClient client(settings);
  EXPECT_EQ(id_of(get(client, "http://127.0.0.1:" + std::to_string(port))), "outbound.unreachable");
}

TEST(Outbound, TheProxyIsTheSettingsAndNotTheEnvironments) {
  std::string asked;
  std::mutex mutex;
  FaultServer proxy([&](Peer& peer) {
    const std::string head = peer.head();
    {
      const std::lock_guard lock(mutex);
      asked = head;
    }
    peer.send("HTTP/1.1 200 Open\r\n\r\n");
    answering(kOk)(peer);
  });
  ::setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  OutboundSettings settings;
  settings.proxy = proxy.host_port();
  settings.resolve = [](const std::string&) { return std::vector<std::string>{"93.184.216.34"}; };
  OutboundClient client(settings);
  EXPECT_EQ(id_of(get(client, "http://shop.example/")), "status 200");
  {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(asked.starts_with("CONNECT 93.184.216.34:80 HTTP/1.1\r\n")) << asked;
  }
  // The address is checked all the same.
  EXPECT_EQ(id_of(get(client, "http://127.0.0.1/")), "outbound.refused_address");
  ::unsetenv("HTTPS_PROXY");
  ::unsetenv("http_proxy");
}

TEST(Outbound, HelpersOfUrls) {
  EXPECT_EQ(host_and_port("https://ERP.example/x"), "erp.example:443");
  EXPECT_EQ(host_and_port("http://[2a00::1]:8080"), "[2a00::1]:8080");
  EXPECT_EQ(host_and_port("ftp://erp.example"), "");
  EXPECT_EQ(url_encode("A-7 口红&=/"), "A-7%20%E5%8F%A3%E7%BA%A2%26%3D%2F");
}

}  // namespace qiao::test
