#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qiao::channel {

/// A file in a form.
struct FormFile {
  std::string field;
  std::string name;
  std::string media_type;
  std::string_view bytes;
};

/// multipart/form-data as platforms take uploads: the value of Content-Type, and the body.
std::pair<std::string, std::string> multipart(const std::vector<std::pair<std::string, std::string>>& fields,
                                              const FormFile& file);

}  // namespace qiao::channel
