#include "qiao/multipart.hpp"

#include <gtest/gtest.h>

namespace qiao {
namespace {

const std::string kType = "multipart/form-data; boundary=XyZ";

std::string part(const std::string& headers, const std::string& content) {
  return "--XyZ\r\n" + headers + "\r\n\r\n" + content + "\r\n";
}
const std::string kEnd = "--XyZ--\r\n";
const std::string kName = "Content-Disposition: form-data; name=\"a\"";

std::string error_of(const std::string& type, const std::string& body, const FormLimits& limits = {}) {
  const auto form = parse_form(type, body, limits);
  return form ? "none" : std::string(form.error().name());
}

TEST(ParseForm, GivesFieldsAndFilesAsABrowserSendsThem) {
  const std::string picture("\x89PNG\r\n\x1a\n--XyY\r\n\0binary", 23);
  const std::string body =
      part("Content-Disposition: form-data; name=\"note\"", "退货\r\nplease") +
      part("Content-Disposition: form-data; name=\"file\"; filename=\"收据.png\"\r\nContent-Type: image/png", picture) +
      kEnd;
  const auto form = parse_form("multipart/form-data; boundary=\"XyZ\"", body);
  ASSERT_TRUE(form) << form.error().message;
  ASSERT_EQ(form->size(), 2u);
  EXPECT_EQ((*form)[0].name, "note");
  EXPECT_EQ((*form)[0].content, "退货\r\nplease");
  EXPECT_EQ((*form)[0].filename, "");
  EXPECT_EQ((*form)[1].filename, "收据.png");
  EXPECT_EQ((*form)[1].content_type, "image/png");
  EXPECT_EQ((*form)[1].content, picture);
}

TEST(ParseForm, AcceptsEmptyContentAndNoParts) {
  EXPECT_EQ(parse_form(kType, part(kName, "") + kEnd)->at(0).content, "");
  EXPECT_TRUE(parse_form(kType, "--XyZ--")->empty());
}

TEST(ParseForm, DropsFoldersFromFileNames) {
  const auto name = [](const std::string& claimed) {
    return parse_form(kType, part(kName + "; filename=\"" + claimed + "\"", "x") + kEnd)->at(0).filename;
  };
  EXPECT_EQ(name("../../etc/passwd"), "passwd");
  EXPECT_EQ(name("C:\\Users\\me\\a.txt"), "a.txt");
  EXPECT_EQ(name("say \\\"hi\\\".txt"), "say \"hi\".txt");
}

TEST(ParseForm, RefusesOtherTypesAndUnusableBoundaries) {
  const std::string body = part(kName, "x") + kEnd;
  for (const std::string type : {"", "application/json", "multipart/mixed; boundary=XyZ", "multipart/form-data",
                                 "multipart/form-data; boundary=", "multipart/form-data; boundary=XyZ; boundary=Abc",
                                 "multipart/form-data; boundary=\"XyZ", "multipart/form-data; boundary=X{Z"}) {
    EXPECT_EQ(error_of(type, body), "form.bad_value") << type;
  }
  EXPECT_EQ(error_of("multipart/form-data; boundary=" + std::string(71, 'x'), body), "form.bad_value");
  EXPECT_EQ(error_of("Multipart/Form-Data; charset=utf-8; Boundary=XyZ", body), "none");
}

TEST(ParseForm, RefusesWhatIsCutOffOrMalformed) {
  const std::string whole = part(kName, "hello") + kEnd;
  for (std::size_t size = 0; size + 4 < whole.size(); ++size) {
    EXPECT_EQ(error_of(kType, whole.substr(0, size)), "form.bad_value") << size;
  }
  EXPECT_EQ(error_of(kType, "preamble\r\n" + whole), "form.bad_value");
  EXPECT_EQ(error_of(kType, whole + "epilogue"), "form.bad_value");
  EXPECT_EQ(error_of(kType, part("Content-Type: text/plain", "x") + kEnd), "form.bad_value") << "no name";
  EXPECT_EQ(error_of(kType, part("Content-Disposition: attachment; name=\"a\"", "x") + kEnd), "form.bad_value");
  EXPECT_EQ(error_of(kType, part(kName + "\r\n" + kName, "x") + kEnd), "form.bad_value") << "two dispositions";
  EXPECT_EQ(error_of(kType, part("nonsense", "x") + kEnd), "form.bad_value");
  EXPECT_EQ(error_of(kType, part(kName + "; filename=\"a\nb\"", "x") + kEnd), "form.bad_value") << "a bare LF";
  EXPECT_EQ(error_of(kType, "--XyZ junk\r\n" + whole), "form.bad_value");
}

TEST(ParseForm, KeepsItsLimits) {
  FormLimits limits{.parts = 2, .header_bytes = 100, .part_bytes = 10};
  EXPECT_EQ(error_of(kType, part(kName, "0123456789") + kEnd, limits), "none");
  EXPECT_EQ(error_of(kType, part(kName, "0123456789a") + kEnd, limits), "form.too_large");
  EXPECT_EQ(error_of(kType, part(kName, "") + part(kName, "") + part(kName, "") + kEnd, limits), "form.too_large");
  EXPECT_EQ(error_of(kType, part(kName + "; filename=\"" + std::string(100, 'x') + "\"", "") + kEnd, limits),
            "form.too_large");
}

}  // namespace
}  // namespace qiao
