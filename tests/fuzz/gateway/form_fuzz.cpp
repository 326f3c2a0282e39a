#include <cstdlib>

#include "qiao/multipart.hpp"

/// The first line is the Content-Type, the rest the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());
  const std::string_view body = line < bytes.size() ? bytes.substr(line + 1) : std::string_view();
  const auto form =
      qiao::parse_form(bytes.substr(0, line), body, {.parts = 8, .header_bytes = 300, .part_bytes = 5000});
  if (!form) return 0;
  if (form->size() > 8) std::abort();
  for (const qiao::FormPart& part : *form) {
    if (part.name.empty() || part.content.size() > 5000) std::abort();
    if (part.content.data() < body.data() || part.content.data() + part.content.size() > body.data() + body.size())
      std::abort();
    if (part.filename.find('/') != std::string::npos) std::abort();
  }
  return 0;
}
