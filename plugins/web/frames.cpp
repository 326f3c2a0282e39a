#include "plugins/web/frames.hpp"

#include <fmt/format.h>

#include "qiao/json.hpp"

namespace qiao::web {
namespace {

/// Appends `,"name":` and a value. A frame is built front to back in one string; these few lines keep the commas right.
class Writer {
 public:
  explicit Writer(std::string_view kind) {
    out_.reserve(320);
    out_ += R"({"t":")";
    out_ += kind;
    out_ += '"';
  }
  /// An object without `t`.
  Writer() {
    out_.reserve(320);
    out_ += '{';
    first_ = true;
  }
  Writer& text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
    return *this;
  }
  Writer& id(std::string_view name, Id value) {
    key(name);
    out_ += '"';
    if (value) append(value.value);
    out_ += '"';
    return *this;
  }
  Writer& number(std::string_view name, std::int64_t value) {
    key(name);
    append(value);
    return *this;
  }
  Writer& flag(std::string_view name, bool value) {
    key(name);
    out_ += value ? "true" : "false";
    return *this;
  }
  Writer& time(std::string_view name, Time value) {
    key(name);
    out_ += '"';
    out_ += to_iso8601(value);
    out_ += '"';
    return *this;
  }
  template <class T>
  Writer& record(std::string_view name, const T& value) {
    key(name);
    to_json(type_of<T>(), &value, out_);
    return *this;
  }
  template <class E>
  Writer& choice(std::string_view name, E value) {
    for (const EnumName& n : type_of<E>().names) {
      if (n.value == static_cast<std::int64_t>(value)) return text(name, n.name);
    }
    return *this;
  }
  Writer& content(const contract::Content& c, const FileLinks& links) {
    text("text", c.text);
    if (!c.attachments.empty()) {
      key("attachments");
      char comma = '[';
      for (const contract::Attachment& a : c.attachments) {
        out_ += comma;
        comma = ',';
        std::string object = to_json(a);
        object.pop_back();
        out_ += object;
        out_ += ",\"url\":";
        append_json_string(out_, links(a.id));
        out_ += '}';
      }
      out_ += ']';
    }
    if (!c.buttons.empty()) record("buttons", c.buttons);
    if (!c.cards.empty()) record("cards", c.cards);
    return *this;
  }
  std::string done() {
    out_ += '}';
    return std::move(out_);
  }

 private:
  void append(std::int64_t value) {
    const fmt::format_int digits(value);
    out_.append(digits.data(), digits.size());
  }
  void key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  std::string out_;
  bool first_ = false;
};

void visitor_part(Writer& w, const contract::MessageView& m, const FileLinks& links) {
  w.id("conversation", m.conversation).number("seq", m.seq).id("id", m.id).choice("author", m.author);
  w.text("name", m.author_name).content(m.content, links).time("at", m.at);
  if (m.author == contract::Author::customer) w.text("client_id", client_part(m.client_id));
}

void agent_part(Writer& w, const contract::MessageView& m, const FileLinks& links) {
  w.id("conversation", m.conversation).number("seq", m.seq).id("id", m.id).choice("author", m.author);
  w.id("author_id", m.author_id).text("name", m.author_name).flag("note", m.note).content(m.content, links);
  w.choice("delivery", m.delivery).text("client_id", m.client_id).time("at", m.at);
  if (!m.delivery_detail.empty()) w.text("delivery_detail", m.delivery_detail);
  if (!m.content.notice.empty()) w.text("notice", m.content.notice);
}

}  // namespace

std::string visitor_welcome(const std::string& token, Id visitor, const contract::ConversationView& c, Time now) {
  Writer w("welcome");
  w.text("token", token).id("visitor", visitor).id("conversation", c.id);
  w.choice("state", c.state).number("seq", c.last_seq).text("agent", c.agent_name).text("group", c.group);
  w.number("place", c.queue_place).number("estimate_s", c.queue_estimate_s).number("read", c.read_by_agent);
  return w.number("rating", c.rating).time("server_time", now).done();
}

std::string identified_frame(const std::string& client_id, bool verified) {
  return Writer("identified").text("id", client_id).flag("verified", verified).done();
}

std::string agent_welcome(const contract::SessionView& session, Time now) {
  return Writer("welcome")
      .record("agent", session.agent)
      .record("permissions", session.permissions)
      .time("server_time", now)
      .done();
}

std::string ack_frame(const std::string& client_id, const contract::Accepted& a) {
  Writer w("ack");
  w.text("id", client_id).number("seq", a.seq).id("message", a.message).id("conversation", a.conversation);
  return w.time("at", a.at).done();
}

std::string error_frame(const std::string& client_id, const Error& error) {
  Writer w("error");
  w.text("id", client_id).text("code", error.name()).text("detail", error.message);
  if (error.retry_after.count() > 0) w.number("retry_after", (error.retry_after.count() + 999) / 1000);
  return w.done();
}

std::string visitor_message(const contract::MessageView& m, std::int64_t after, const FileLinks& links) {
  Writer w("msg");
  visitor_part(w, m, links);
  return w.number("after", after).done();
}

std::string visitor_message_object(const contract::MessageView& m, const FileLinks& links) {
  Writer w;
  visitor_part(w, m, links);
  return w.done();
}

std::string agent_message(const contract::MessageView& m, const FileLinks& links) {
  Writer w("msg");
  agent_part(w, m, links);
  return w.done();
}

std::string agent_message_object(const contract::MessageView& m, const FileLinks& links) {
  Writer w;
  agent_part(w, m, links);
  return w.done();
}

std::string visitor_state(const contract::ConversationView& c) {
  Writer w("state");
  w.id("conversation", c.id).choice("state", c.state).text("agent", c.agent_name).text("group", c.group);
  return w.number("place", c.queue_place).number("estimate_s", c.queue_estimate_s).done();
}

std::string conversation_frame(const std::string& what, const contract::ConversationView& c) {
  return Writer("conversation").text("what", what).record("conversation", c).done();
}

std::string visitor_typing(const contract::Typing& t) {
  return Writer("typing").choice("author", t.author).text("name", t.name).flag("on", t.on).done();
}

std::string agent_typing(const contract::Typing& t) {
  Writer w("typing");
  return w.id("conversation", t.conversation).choice("author", t.author).text("name", t.name).flag("on", t.on).done();
}

std::string read_frame(std::int64_t seq) { return Writer("read").number("seq", seq).done(); }

std::string delivery_frame(const contract::DeliveryChanged& d) {
  Writer w("delivery");
  return w.id("conversation", d.conversation)
      .number("seq", d.seq)
      .choice("state", d.state)
      .text("detail", d.detail)
      .done();
}

std::string ticket_frame(const std::string& what, const contract::TicketView& ticket, bool follow_up) {
  return Writer("ticket").text("what", what).record("ticket", ticket).flag("follow_up", follow_up).done();
}

std::string agent_frame(const contract::AgentView& agent) { return Writer("agent").record("agent", agent).done(); }

std::string contact_frame(Id contact, Id now) { return Writer("contact").id("contact", contact).id("now", now).done(); }

std::string alert_frame(const contract::ConnectorAlert& a) {
  return Writer("alert")
      .text("instance", a.instance)
      .text("id", a.id)
      .text("says", a.says)
      .flag("over", a.over)
      .time("at", a.at)
      .done();
}

std::string external_id(Id visitor, std::string_view client_id) {
  const fmt::format_int number(visitor.value);
  std::string out;
  out.reserve(number.size() + 1 + client_id.size());
  return out.append(number.data(), number.size()).append(":").append(client_id);
}

std::string_view client_part(std::string_view external) {
  const std::size_t colon = external.find(':');
  return colon == std::string_view::npos ? external : external.substr(colon + 1);
}

}  // namespace qiao::web
