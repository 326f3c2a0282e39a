#include "connectors/channel/xml.hpp"

#include <Poco/SAX/Attributes.h>
#include <Poco/SAX/DefaultHandler.h>
#include <Poco/SAX/InputSource.h>
#include <Poco/SAX/LexicalHandler.h>
#include <Poco/SAX/SAXException.h>
#include <Poco/SAX/SAXParser.h>

#include <algorithm>

namespace qiao::channel {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::size_t kMostDepth = 16;
constexpr std::size_t kMostElements = 2000;

struct Refused {
  const char* why;
};

class Builder final : public Poco::XML::DefaultHandler, public Poco::XML::LexicalHandler {
 public:
  XmlElement root;

  void startElement(const Poco::XML::XMLString&, const Poco::XML::XMLString& local, const Poco::XML::XMLString& name,
                    const Poco::XML::Attributes&) override {
    if (open_.size() >= kMostDepth) throw Refused{"it is nested too deeply"};
    if (++elements_ > kMostElements) throw Refused{"it has too many elements"};
    XmlElement* place = &root;
    if (!open_.empty()) place = &open_.back()->children.emplace_back();
    place->name = local.empty() ? name : local;
    open_.push_back(place);
  }
  void endElement(const Poco::XML::XMLString&, const Poco::XML::XMLString&, const Poco::XML::XMLString&) override {
    open_.pop_back();
  }
  void characters(const Poco::XML::XMLChar text[], int start, int length) override {
    if (!open_.empty()) open_.back()->text.append(text + start, static_cast<std::size_t>(length));
  }

  void startDTD(const Poco::XML::XMLString&, const Poco::XML::XMLString&, const Poco::XML::XMLString&) override {
    throw Refused{"it has a document type"};
  }
  void endDTD() override {}
  void startEntity(const Poco::XML::XMLString&) override {}
  void endEntity(const Poco::XML::XMLString&) override {}
  void startCDATA() override {}
  void endCDATA() override {}
  void comment(const Poco::XML::XMLChar[], int, int) override {}

 private:
  // Children are added to the innermost open element only, so the outer ones do not move.
  std::vector<XmlElement*> open_;
  std::size_t elements_ = 0;
};

/// White space between elements is no text.
void trim(XmlElement& element) {
  if (!element.children.empty() && std::all_of(element.text.begin(), element.text.end(), [](char c) {
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
      })) {
    element.text.clear();
  }
  for (XmlElement& child : element.children) trim(child);
}

Error refused(const std::string& why) {
  return Error{Errc::bad_value, "channel.xml", "the XML cannot be read: " + why};
}

}  // namespace

const XmlElement& XmlElement::operator[](std::string_view child) const {
  static const XmlElement nothing;
  const auto found =
      std::find_if(children.begin(), children.end(), [&](const XmlElement& e) { return e.name == child; });
  return found == children.end() ? nothing : *found;
}

bool XmlElement::has(std::string_view child) const {
  return std::any_of(children.begin(), children.end(), [&](const XmlElement& e) { return e.name == child; });
}

Result<XmlElement> read_xml(std::string_view given) {
  if (given.size() > kMostBytes) return refused("it is larger than 1 MiB");
  // What people paste holds characters that XML forbids, and platforms pass them on: no reason to lose a message.
  std::string document(given);
  std::replace_if(
      document.begin(), document.end(), [](char c) { return c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r'; },
      ' ');
  Builder builder;
  try {
    Poco::XML::SAXParser parser;
    parser.setFeature(Poco::XML::XMLReader::FEATURE_NAMESPACES, false);
    parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_GENERAL_ENTITIES, false);
    parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_PARAMETER_ENTITIES, false);
    parser.setContentHandler(&builder);
    parser.setProperty(Poco::XML::XMLReader::PROPERTY_LEXICAL_HANDLER,
                       static_cast<Poco::XML::LexicalHandler*>(&builder));
    parser.parseMemoryNP(document.data(), document.size());
  } catch (const Refused& e) {
    return refused(e.why);
  } catch (const Poco::Exception& e) {
    return refused(e.message());
  }
  if (builder.root.name.empty()) return refused("it is empty");
  trim(builder.root);
  return std::move(builder.root);
}

std::string cdata(std::string_view text) {
  std::string out = "<![CDATA[";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("]]>", at);
    if (end == std::string_view::npos) {
      out += text.substr(at);
      break;
    }
    out += text.substr(at, end + 2 - at);
    out += "]]><![CDATA[";
    at = end + 2;
  }
  return out + "]]>";
}

}  // namespace qiao::channel
