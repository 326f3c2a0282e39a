#include "core/bus/dead_letters.hpp"

#include <fmt/format.h>

#include "qiao/codec.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

void member(std::string& out, std::string_view name, std::string_view text) {
  append_json_string(out, name);
  out += ':';
  append_json_string(out, text);
  out += ',';
}

}  // namespace

void DeadLetterRing::add(DeadLetter letter) noexcept {
  const std::lock_guard lock(mutex_);
  if (letters_.size() >= capacity_) letters_.pop_front();
  letters_.push_back(std::move(letter));
}

std::vector<DeadLetter> DeadLetterRing::list() const {
  const std::lock_guard lock(mutex_);
  return {letters_.begin(), letters_.end()};
}

std::string to_json(const DeadLetter& letter, const MessageType* type) {
  std::string out = "{";
  member(out, "id", letter.id.str());
  member(out, "trace", letter.trace.str());
  member(out, "message", letter.message);
  out += fmt::format("\"version\":{},", letter.version);
  member(out, "source", letter.source);
  member(out, "instance", letter.instance);
  out += fmt::format("\"partition\":\"{}\",", letter.partition);
  member(out, "error", letter.error);
  member(out, "reason", letter.reason);
  member(out, "at", to_iso8601(letter.at));
  if (type != nullptr) {
    const MessageRef message = MessageRef::adopt(static_cast<Message*>(type->create()));
    if (decode(type->fields(), message->body(), letter.body)) {
      out += "\"body\":";
      to_json(type->fields(), message->body(), out);
      out += '}';
      return out;
    }
  }
  out += "\"body_hex\":\"";
  for (const char c : letter.body) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  out += "\"}";
  return out;
}

}  // namespace qiao::core
