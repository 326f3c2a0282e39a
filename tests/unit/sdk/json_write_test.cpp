#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "qiao/http.hpp"
#include "qiao/json.hpp"
#include "tests/fuzz/sample.hpp"

namespace qiao {
namespace {

using fuzz::Leaf;
using fuzz::Sample;

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWrite, WritesEveryKindOfField) {
  Sample s;
  s.flag = true;
  s.number = -5;
  s.natural = UINT64_MAX;
  s.real = 0.1;
  s.text = "a";
  s.id = Id{9007199254740993};
  s.at = from_micros(1'790'000'000'123'456);
  s.wait = std::chrono::milliseconds(300);
  s.maybe = "m";
  s.leaves = {Leaf{"l", 1, 2}};
  s.nested = {{}, {"x"}};
  s.named = {{"k", {}}};
  EXPECT_EQ(
      to_json(s),
      R"({"flag":true,"number":-5,"natural":18446744073709551615,"real":0.1,"text":"a","id":"9007199254740993",)"
      R"("at":"2026-09-21T14:13:20.123Z","wait":300,"color":"red","maybe":"m","leaves":[{"text":"l","small":1,"tiny":2}],)"
      R"("nested":[[],["x"]],"named":{"k":{"text":"","small":0,"tiny":0}}})");
}

TEST(JsonWrite, WritesNumbersThatJsonDoesNotHaveAsNull) {
  Sample s;
  s.real = std::numeric_limits<double>::infinity();
  EXPECT_NE(to_json(s).find(R"("real":null)"), std::string::npos);
}

TEST(JsonWrite, EscapesWhatAStringCannotHold) {
  EXPECT_EQ(quoted("a\"b\\c\n\r\t\x01/"), R"("a\"b\\c\n\r\t\u0001/")");
  EXPECT_EQ(quoted(std::string_view("a\0b", 3)), R"("a\u0000b")");
  EXPECT_EQ(quoted("鲜果 é 🍎"), "\"鲜果 é 🍎\"");
}

TEST(JsonWrite, ReplacesBytesThatAreNotUtf8) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(quoted("a\xff"
                   "b"),
            "\"a" + r + "b\"");
  EXPECT_EQ(quoted("\xC0\xAF"), "\"" + r + r + "\"") << "overlong";
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"" + r + r + r + "\"") << "a surrogate";
  EXPECT_EQ(quoted("\xE9\xB2"), "\"" + r + r + "\"") << "cut short";
  EXPECT_EQ(quoted("\xF4\x90\x80\x80"), "\"" + r + r + r + r + "\"") << "beyond Unicode";
}

TEST(JsonWrite, ClampsTimesThatIso8601CannotSay) {
  Sample s;
  s.at = Time::max();
  EXPECT_NE(to_json(s).find("9999-12-31T23:59:59.999Z"), std::string::npos);
  s.at = Time::min();
  EXPECT_NE(to_json(s).find("0001-01-01T00:00:00.000Z"), std::string::npos);
}

TEST(JsonSchema, DescribesARecordAndRefersToOthers) {
  std::string out;
  json_schema(type_of<Sample>(), out);
  EXPECT_NE(out.find(R"("id":{"type":"string","pattern":"^[0-9]{1,19}$")"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("at":{"type":"string","format":"date-time"})"), std::string::npos);
  EXPECT_NE(out.find(R"("color":{"type":"string","enum":["red","green","blue"]})"), std::string::npos);
  EXPECT_NE(out.find(R"("leaves":{"type":"array","items":{"$ref":"#/components/schemas/Leaf"}})"), std::string::npos);
  EXPECT_NE(out.find(R"("named":{"type":"object","additionalProperties":{"$ref":"#/components/schemas/Leaf"}})"),
            std::string::npos);
}

TEST(HttpResponse, TellsAProblemAsJson) {
  Error error{Errc::rate_limited, "login.too_many", "too many \"logins\""};
  error.retry_after = std::chrono::milliseconds(1500);
  const HttpResponse response = HttpResponse::problem(error);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(
      response.body,
      R"({"type":"urn:qiao:error:login.too_many","title":"Too many requests","status":429,"detail":"too many \"logins\""})");
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].second, "2");
}

}  // namespace
}  // namespace qiao
