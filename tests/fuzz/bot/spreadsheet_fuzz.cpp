// What operators import as a workbook: whatever it is, it ends with a table within its limits or an error. The first
// byte chooses whether the rest is the file itself or the parts inside, which a changed byte of the packed file hardly
// reaches past its checksums.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "plugins/bot/spreadsheet.hpp"

using namespace qiao::bot;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

void put(std::string& out, std::size_t value, int bytes) {
  for (int i = 0; i < bytes; ++i, value >>= 8U) out += static_cast<char>(value & 0xFFU);
}

/// A zip file of stored parts.
std::string packed(const std::vector<std::pair<std::string, std::string_view>>& parts) {
  std::string out, directory;
  for (const auto& [name, text] : parts) {
    const std::size_t at = out.size();
    std::string about;
    put(about, 20, 2);      // version
    put(about, 0, 2);       // flags
    put(about, 0, 2);       // stored
    put(about, 0, 2);       // time
    put(about, 0x5976, 2);  // date
    put(about, crc32(text), 4);
    put(about, text.size(), 4);
    put(about, text.size(), 4);
    put(about, name.size(), 2);
    put(about, 0, 2);
    out += "PK\x03\x04" + about + name;
    out += text;
    directory += "PK\x01\x02";
    put(directory, 20, 2);
    directory += about;
    put(directory, 0, 2);
    put(directory, 0, 2);
    put(directory, 0, 2);
    put(directory, 0, 4);
    put(directory, at, 4);
    directory += name;
  }
  const std::size_t at = out.size();
  out += directory + "PK\x05\x06";
  put(out, 0, 4);
  put(out, parts.size(), 2);
  put(out, parts.size(), 2);
  put(out, directory.size(), 4);
  put(out, at, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string file(rest);
  if (data[0] % 2 == 1) {
    const std::size_t cut = std::min(rest.find('|'), rest.size());
    file = packed({{"xl/sharedStrings.xml", rest.substr(0, cut)},
                   {"xl/worksheets/sheet1.xml", rest.substr(std::min(cut + 1, rest.size()))}});
  }
  const auto table = read_xlsx(file);
  if (!table) {
    check(table.error().id == "bot.bad_xlsx");
    return 0;
  }
  check(table->size() <= 20'000);
  for (const auto& row : *table) check(row.size() <= 200);
  // What was read can be written, and reads as what was written.
  if (data[0] % 8 == 1) {
    const auto again = read_xlsx(write_xlsx(*table, "Knowledge"));
    check(again.ok());
    const auto third = read_xlsx(write_xlsx(*again, "Knowledge"));
    check(third.ok() && *third == *again);
  }
  return 0;
}

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  const auto seed = [&](char kind, const std::string& text) {
    const std::string input = kind + text;
    add(input.data(), input.size());
  };
  seed('\0', write_xlsx({{"question", "answer"}, {"几天能到货？", "三天 <b>&</b>"}}, "Knowledge"));
  const std::string sheet =
      "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"s\"><v>1</v></c></row>"
      "<row r=\"3\"><c r=\"A3\"><f>A1</f><v>4.5</v></c><c t=\"inlineStr\"><is><t>x</t></is></c>"
      "<c t=\"b\"><v>1</v></c></row></sheetData></worksheet>";
  const std::string shared =
      "<sst><si><t>question</t></si><si><r><t>an</t></r><r><t>swer</t></r><rPh><t>no</t></rPh></si></sst>";
  const std::string whole = packed({{"xl/sharedStrings.xml", shared}, {"xl/worksheets/sheet1.xml", sheet}});
  // Or all that follows would stop at the first look.
  const auto read = read_xlsx(whole);
  check(read.ok() && read->size() == 2 && read->front().back() == "answer");
  for (const char kind : {'\1', '\3'}) seed(kind, shared + "|" + sheet);
  seed('\0', whole);
}
