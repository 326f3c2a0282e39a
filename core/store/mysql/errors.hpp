#pragma once

#include <string_view>

#include "core/store/backend.hpp"

namespace qiao::core::mysql {

/// An error of the server or the client library by its number, for a person.
struct Described {
  Error error;
  Trouble trouble = Trouble::none;
  bool lost = false;  ///< the connection cannot be used any more
};

/// `sql` is shown, never its values. An empty one stands for something that the hub does itself.
Described describe(int code, std::string_view message, std::string_view sql);

}  // namespace qiao::core::mysql
