#include "connectors/channel/xml.hpp"

#include <gtest/gtest.h>

namespace qiao::channel {
namespace {

TEST(Xml, ReadsTextCdataAndChildren) {
  auto read = read_xml("<xml>\n <A><![CDATA[x < y]]></A><B>1 &amp; 2</B><L><I>a</I><I>b</I></L></xml>");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->name, "xml");
  EXPECT_EQ(read->text, "");
  EXPECT_EQ((*read)["A"].text, "x < y");
  EXPECT_EQ((*read)["B"].text, "1 & 2");
  EXPECT_EQ((*read)["L"].children.size(), 2u);
  EXPECT_EQ((*read)["L"].children[1].text, "b");
  EXPECT_TRUE(read->has("A"));
  EXPECT_FALSE(read->has("Z"));
  EXPECT_EQ((*read)["Z"]["Y"].text, "");
}

TEST(Xml, RefusesWhatAStrangerMightSend) {
  for (const std::string& bad :
       {std::string(""), std::string("no xml"), std::string("<a><b></a>"), std::string("<a>&bomb;</a>"),
        std::string("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"),
        std::string("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"), std::string(2u << 20, 'a')}) {
    auto read = read_xml(bad);
    EXPECT_FALSE(read) << bad.substr(0, 60);
    if (!read) {
      EXPECT_EQ(read.error().id, "channel.xml");
    }
  }
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "<a>";
  EXPECT_FALSE(read_xml(deep));
  std::string wide = "<a>";
  for (int i = 0; i < 3000; ++i) wide += "<b/>";
  EXPECT_FALSE(read_xml(wide + "</a>"));
}

TEST(Xml, CannotBeBrokenOutOf) {
  const std::string evil = "]]><evil/>]]>";
  auto read = read_xml("<a>" + cdata(evil) + "</a>");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text, evil);
  EXPECT_TRUE(read->children.empty());
}

}  // namespace
}  // namespace qiao::channel
