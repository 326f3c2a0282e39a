#include "plugins/bot/spreadsheet.hpp"

#include <Poco/DateTime.h>
#include <Poco/SAX/Attributes.h>
#include <Poco/SAX/DefaultHandler.h>
#include <Poco/SAX/SAXException.h>
#include <Poco/SAX/SAXParser.h>
#include <Poco/Zip/Compress.h>
#include <Poco/Zip/ZipArchive.h>
#include <Poco/Zip/ZipStream.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "qiao/markup.hpp"

namespace qiao::bot {
namespace {

constexpr std::size_t kLargestFile = std::size_t{8} << 20U;
constexpr std::size_t kLargestPart = std::size_t{64} << 20U;
constexpr std::size_t kMostRows = 20'000;
constexpr std::size_t kMostColumns = 200;

/// Carries a mistake out of the parser; never leaves this file.
struct Mistake {
  std::string what;
};

/// XML has no way to write most control characters.
std::string escaped(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'; });
  return escape_markup(text);
}

std::string column_name(std::size_t index) {
  std::string out;
  for (++index; index > 0; index = (index - 1) / 26) out.insert(out.begin(), static_cast<char>('A' + (index - 1) % 26));
  return out;
}

/// "BC12" → 54
std::size_t column_of(const std::string& reference) {
  std::size_t column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + static_cast<std::size_t>(c - 'A' + 1);
    if (column > kMostColumns) throw Mistake{"more than 200 columns"};
  }
  if (column == 0) throw Mistake{"a cell without a place"};
  return column - 1;
}

/// No document type, no entities of its own: neither belongs into a workbook.
class Handler : public Poco::XML::DefaultHandler {
 public:
  void characters(const Poco::XML::XMLChar text[], int start, int length) override {
    if (!collecting_) return;
    if (text_.size() + static_cast<std::size_t>(length) > (std::size_t{1} << 20U)) throw Mistake{"a cell above 1 MB"};
    text_.append(text + start, static_cast<std::size_t>(length));
  }

 protected:
  bool collecting_ = false;
  std::string text_;
};

/// xl/sharedStrings.xml
class SharedTexts final : public Handler {
 public:
  std::vector<std::string> texts;
  void startElement(const Poco::XML::XMLString&, const Poco::XML::XMLString& name, const Poco::XML::XMLString&,
                    const Poco::XML::Attributes&) override {
    if (name == "si") text_.clear();
    if (name == "rPh") phonetic_ = true;  // how to read it, not what it says
    collecting_ = name == "t" && !phonetic_;
  }
  void endElement(const Poco::XML::XMLString&, const Poco::XML::XMLString& name, const Poco::XML::XMLString&) override {
    collecting_ = false;
    if (name == "rPh") phonetic_ = false;
    if (name == "si") texts.push_back(text_);
  }

 private:
  bool phonetic_ = false;
};

/// xl/worksheets/sheet….xml
class Sheet final : public Handler {
 public:
  explicit Sheet(const std::vector<std::string>& shared) : shared_(shared) {}
  Table table;

  void startElement(const Poco::XML::XMLString&, const Poco::XML::XMLString& name, const Poco::XML::XMLString&,
                    const Poco::XML::Attributes& attributes) override {
    if (name == "row") {
      if (table.size() >= kMostRows) throw Mistake{"more than 20,000 rows"};
      table.emplace_back();
    } else if (name == "c") {
      if (table.empty()) throw Mistake{"a cell outside a row"};
      type_ = attributes.getValue("", "t");
      const std::string place = attributes.getValue("", "r");
      column_ = place.empty() ? table.back().size() : column_of(place);
      text_.clear();
    }
    collecting_ = name == "v" || name == "t";
  }
  void endElement(const Poco::XML::XMLString&, const Poco::XML::XMLString& name, const Poco::XML::XMLString&) override {
    collecting_ = false;
    if (name != "c") return;
    std::vector<std::string>& row = table.back();
    if (row.size() <= column_) row.resize(column_ + 1);
    row[column_] = value();
    // One shared text may stand in millions of cells.
    size_ += row[column_].size();
    if (size_ > kLargestPart) throw Mistake{"more than 64 MB of text"};
  }

 private:
  [[nodiscard]] std::string value() const {
    if (type_ == "b") return text_ == "1" ? "true" : "false";
    if (type_ != "s") return text_;
    std::size_t index = 0;
    const auto done = std::from_chars(text_.data(), text_.data() + text_.size(), index);
    if (done.ec != std::errc{} || index >= shared_.size()) throw Mistake{"a cell names a text that is not there"};
    return shared_[index];
  }

  const std::vector<std::string>& shared_;
  std::string type_;
  std::size_t column_ = 0;
  std::size_t size_ = 0;  // of all cells
};

std::string part_of(std::istream& in, const Poco::Zip::ZipArchive& archive, const std::string& name) {
  const auto header = archive.findHeader(name);
  if (header == archive.headerEnd()) return {};
  Poco::Zip::ZipInputStream part(in, header->second);
  std::string out;
  char block[16 * 1024];
  while (part.read(block, sizeof block) || part.gcount() > 0) {
    out.append(block, static_cast<std::size_t>(part.gcount()));
    // What the header says about the size is the sender's word.
    if (out.size() > kLargestPart) throw Mistake{"a part above 64 MB"};
  }
  return out;
}

void parse(const std::string& xml, Handler& handler) {
  if (xml.find("<!DOCTYPE") != std::string::npos || xml.find("<!ENTITY") != std::string::npos)
    throw Mistake{"a document type inside"};
  Poco::XML::SAXParser parser;
  parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_GENERAL_ENTITIES, false);
  parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_PARAMETER_ENTITIES, false);
  parser.setContentHandler(&handler);
  parser.parseMemoryNP(xml.data(), xml.size());
}

}  // namespace

std::string write_xlsx(const Table& table, const std::string& sheet) {
  constexpr const char* kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
  constexpr const char* kMain = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  constexpr const char* kOffice = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  constexpr const char* kPackage = "http://schemas.openxmlformats.org/package/2006/relationships";
  constexpr const char* kType = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  std::string rows;
  for (std::size_t r = 0; r < table.size(); ++r) {
    rows += fmt::format("<row r=\"{}\">", r + 1);
    for (std::size_t c = 0; c < table[r].size(); ++c) {
      if (table[r][c].empty()) continue;
      // A text cell stays a text, whatever it begins with: no formula comes in this way.
      rows += fmt::format("<c r=\"{}{}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>", column_name(c),
                          r + 1, escaped(table[r][c]));
    }
    rows += "</row>";
  }
  const std::pair<const char*, std::string> parts[] = {
      {"[Content_Types].xml",
       fmt::format(
           "{}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
           "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
           "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
           "<Override PartName=\"/xl/workbook.xml\" ContentType=\"{}.sheet.main+xml\"/>"
           "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"{}.worksheet+xml\"/></Types>",
           kHead, kType, kType)},
      {"_rels/.rels", fmt::format("{}<Relationships xmlns=\"{}\"><Relationship Id=\"rId1\" Type=\"{}/officeDocument\" "
                                  "Target=\"xl/workbook.xml\"/></Relationships>",
                                  kHead, kPackage, kOffice)},
      {"xl/workbook.xml", fmt::format("{}<workbook xmlns=\"{}\" xmlns:r=\"{}\"><sheets><sheet name=\"{}\" "
                                      "sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
                                      kHead, kMain, kOffice, escaped(sheet))},
      {"xl/_rels/workbook.xml.rels",
       fmt::format("{}<Relationships xmlns=\"{}\"><Relationship Id=\"rId1\" Type=\"{}/worksheet\" "
                   "Target=\"worksheets/sheet1.xml\"/></Relationships>",
                   kHead, kPackage, kOffice)},
      {"xl/worksheets/sheet1.xml",
       fmt::format("{}<worksheet xmlns=\"{}\"><sheetData>{}</sheetData></worksheet>", kHead, kMain, rows)},
  };
  std::ostringstream out(std::ios::binary);
  Poco::Zip::Compress zip(out, true);
  for (const auto& [name, text] : parts) {
    std::istringstream in(text, std::ios::binary);
    zip.addFile(in, Poco::DateTime(), Poco::Path(name, Poco::Path::PATH_UNIX));
  }
  zip.close();
  return out.str();
}

Result<Table> read_xlsx(std::string_view bytes) {
  const auto wrong = [](const std::string& what) {
    return Error{Errc::bad_value, "bot.bad_xlsx",
                 "the workbook cannot be read: " + what + "; save it as .xlsx or CSV UTF-8 and try again"};
  };
  if (bytes.size() > kLargestFile) return wrong("larger than 8 MB");
  try {
    std::istringstream in(std::string(bytes), std::ios::binary);
    const Poco::Zip::ZipArchive archive(in);
    std::string first;
    for (auto part = archive.headerBegin(); part != archive.headerEnd(); ++part) {
      const std::string& name = part->first;
      if (!name.starts_with("xl/worksheets/sheet") || !name.ends_with(".xml")) continue;
      // sheet2 before sheet10
      const bool earlier = first.empty() || name.size() < first.size() || (name.size() == first.size() && name < first);
      if (earlier) first = name;
    }
    if (first.empty()) return wrong("no sheet inside");
    SharedTexts shared;
    if (const std::string xml = part_of(in, archive, "xl/sharedStrings.xml"); !xml.empty()) parse(xml, shared);
    in.clear();
    Sheet sheet(shared.texts);
    parse(part_of(in, archive, first), sheet);
    std::erase_if(sheet.table, [](const auto& row) {
      return std::all_of(row.begin(), row.end(), [](const std::string& cell) { return cell.empty(); });
    });
    return std::move(sheet.table);
  } catch (const Mistake& mistake) {
    return wrong(mistake.what);
  } catch (const Poco::Exception& e) {
    return wrong(e.displayText());
  }
}

}  // namespace qiao::bot
