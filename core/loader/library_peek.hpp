#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "qiao/result.hpp"

namespace qiao::core {

/// What a plugin's library says about itself, read from the file without running any of its code.
struct LibraryPeek {
  std::string abi_tag;
  std::string name;
  std::string kind;
  std::string version;
  /// The SDK's own libraries that it needs ("libqiao-….so"), which are found beside the hub.
  std::vector<std::string> companions;
};

/// Reads the descriptor out of an ELF file. Loading a library runs its constructors, so what decides whether it may be
/// loaded at all (format, machine, magic, size, ABI tag) is found by following the symbol and relocation tables
/// instead. Survives any bytes. Errors: `plugin.not_a_library`, `plugin.no_descriptor`, `plugin.abi_mismatch` (with
/// both tags). The file must not change meanwhile; the host looks at its private copy.
Result<LibraryPeek> peek_library(const std::filesystem::path& file);

}  // namespace qiao::core
