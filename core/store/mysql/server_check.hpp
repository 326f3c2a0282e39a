#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/store/mysql/settings.hpp"
#include "qiao/result.hpp"

namespace qiao::core::mysql {

/// Something in a server's settings that the operator should know.
struct Finding {
  bool weakens = false;  ///< what was acknowledged could be lost, or read on the way; else it is advice
  std::string variable;
  std::string text;  ///< what is found, what follows, what to set
};

/// Global variables of a server by name, in lower case.
using Variables = std::map<std::string, std::string, std::less<>>;

/// What is to be said of a server's variables.
std::vector<Finding> judge(const Variables& variables, const Settings& settings, std::size_t readers);

/// Connects, reads and judges. Errors: those of connecting.
Result<std::vector<Finding>> check_server(const Settings& settings, std::size_t readers);

}  // namespace qiao::core::mysql
