#pragma once

#include "connectors/channel/memory.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::channel {

/// Seals nothing.
class PlainVault final : public Vault {
 public:
  Result<std::string> seal(Session&, Id, const SealedPlace&, std::string_view plain) override {
    return std::string(plain);
  }
  Result<std::string> open(Session&, const SealedPlace&, std::string_view sealed) override {
    return std::string(sealed);
  }
  [[nodiscard]] std::string blind(std::string_view, std::string_view value) const override {
    return std::string(value);
  }
  Result<void> forget(Session&, std::span<const Id>) override { return {}; }
};

/// A Memory on a real database, with a clock that the test turns.
class MemoryHub {
 public:
  MemoryHub() : memory_(hub_.store(), vault_, hub_.clock(), "test", "kit") {
    const std::string sql = Memory::tables(memory_.table(), false);
    const std::string mysql = Memory::tables(memory_.table(), true);
    const Migration steps[] = {{.version = 1, .name = "memory", .sql = sql, .mysql = mysql}};
    if (auto done = hub_.store().migrate(steps); !done) throw std::runtime_error(done.error().message);
  }
  Memory& memory() { return memory_; }
  testkit::ManualClock& clock() { return hub_.clock(); }

 private:
  testkit::TestHub hub_;
  PlainVault vault_;
  Memory memory_;
};

}  // namespace qiao::channel
