#pragma once

#include "qiao/store.hpp"

namespace qiao::core {

/// A query that could not be started.
class FailedRows final : public Rows {
 public:
  explicit FailedRows(Error error) : error_(std::move(error)) {}
  bool next() override { return false; }
  [[nodiscard]] Result<void> status() const override { return error_; }
  [[nodiscard]] bool null(int) const override { return true; }
  [[nodiscard]] std::int64_t integer(int) const override { return 0; }
  [[nodiscard]] double real(int) const override { return 0; }
  [[nodiscard]] std::string_view text(int) const override { return {}; }

 private:
  Error error_;
};

}  // namespace qiao::core
