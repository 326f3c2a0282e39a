#include "connectors/channel/tests/desk.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>

namespace qiao::channel {

struct Desk::State {
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::set<std::string> ids;
  std::map<std::string, contract::Accepted> stored;
  std::map<std::string, Id> conversations;
  std::vector<Arrived> arrived;
  std::vector<contract::WriteMessage> written;
  std::vector<contract::Rate> ratings;
  std::deque<Error> refused_ratings;
  std::vector<contract::Identify> identified;
  std::vector<Id> read;
  std::map<std::int64_t, std::vector<std::pair<contract::Delivery, std::string>>> reports;
  std::map<std::int64_t, contract::StoredFile> files;
  std::int64_t seq = 0;
  std::size_t handed_over = 0;
  int refuse = 0;

  Id conversation(const std::string& channel, const std::string& user) {
    Id& id = conversations[channel + "/" + user];
    if (!id) id = new_id();
    return id;
  }
  Result<contract::Accepted> keep(const std::string& channel, Arrived message) {
    const std::lock_guard lock(mutex);
    ++handed_over;
    if (refuse > 0) {
      --refuse;
      return Error{Errc::overloaded, "too much to do"};
    }
    const std::string key = channel + "/" + message.id;
    if (const auto found = stored.find(key); found != stored.end()) {
      contract::Accepted again = found->second;
      again.duplicate = true;
      return again;
    }
    contract::Accepted accepted;
    accepted.conversation = conversation(channel, message.user);
    accepted.message = new_id();
    accepted.seq = ++seq;
    stored[key] = accepted;
    arrived.push_back(std::move(message));
    changed.notify_all();
    return accepted;
  }
  contract::Attachment store(const std::string& name, std::string type, const std::string& bytes) {
    const std::lock_guard lock(mutex);
    if (type.empty()) type = bytes.starts_with("\x89PNG") ? "image/png" : "application/octet-stream";
    contract::Attachment about{new_id(), name, std::move(type), static_cast<std::int64_t>(bytes.size())};
    files[about.id.value] = {about, bytes};
    return about;
  }

  template <class F>
  bool wait(F holds) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return holds(*this); });
  }
  template <class T>
  T of(T State::*member) const {
    const std::lock_guard lock(mutex);
    return this->*member;
  }
};

Desk::Desk(testkit::TestHub& hub) : hub_(hub), state_(std::make_shared<State>()) {
  hub.serve<contract::AcceptMessage>([s = state_](const contract::AcceptMessage& m, const Headers&) {
    return s->keep(m.channel, {m.external_id, m.user, m.user_name, m.content, m.at, false});
  });
  hub.serve<contract::RecordEvent>([s = state_](const contract::RecordEvent& e, const Headers&) {
    return s->keep(e.channel, {e.external_id, e.user, e.user_name, e.content, e.at, true});
  });
  hub.serve<contract::WriteMessage>([s = state_](const contract::WriteMessage& w, const Headers&) {
    const std::lock_guard lock(s->mutex);
    s->written.push_back(w);
    s->changed.notify_all();
    return Result<contract::Accepted>(contract::Accepted{});
  });
  hub.serve<contract::ReportDelivery>([s = state_](const contract::ReportDelivery& r, const Headers&) {
    const std::lock_guard lock(s->mutex);
    s->reports[r.seq].emplace_back(r.state, r.detail);
    s->changed.notify_all();
    return Result<contract::Done>(contract::Done{});
  });
  hub.serve<contract::FindConversation>([s = state_](const contract::FindConversation& q, const Headers&) {
    const std::lock_guard lock(s->mutex);
    contract::ConversationView view;
    const auto found = s->conversations.find(q.channel + "/" + q.user);
    if (found != s->conversations.end()) view.id = found->second;
    view.channel = q.channel;
    view.user = q.user;
    return Result<contract::ConversationView>(view);
  });
  hub.serve<contract::GetTranscript>([](const contract::GetTranscript&, const Headers&) {
    return Result<contract::Transcript>(contract::Transcript{});
  });
  hub.serve<contract::MarkRead>([s = state_](const contract::MarkRead& m, const Headers&) {
    const std::lock_guard lock(s->mutex);
    s->read.push_back(m.conversation);
    s->changed.notify_all();
    return Result<contract::Done>(contract::Done{});
  });
  hub.serve<contract::Rate>([s = state_](const contract::Rate& r, const Headers&) {
    const std::lock_guard lock(s->mutex);
    if (!s->refused_ratings.empty()) {
      Error error = std::move(s->refused_ratings.front());
      s->refused_ratings.pop_front();
      return Result<contract::Done>(std::move(error));
    }
    s->ratings.push_back(r);
    s->changed.notify_all();
    return Result<contract::Done>(contract::Done{});
  });
  hub.serve<contract::Identify>([s = state_](const contract::Identify& q, const Headers&) {
    const std::lock_guard lock(s->mutex);
    s->identified.push_back(q);
    s->changed.notify_all();
    return Result<contract::ContactView>(contract::ContactView{});
  });
  hub.serve<contract::StoreFile>([s = state_](const contract::StoreFile& q, const Headers&) {
    return Result<contract::Attachment>(s->store(q.name, {}, q.bytes));
  });
  hub.serve<contract::ReadFile>([s = state_](const contract::ReadFile& q, const Headers&) {
    const std::lock_guard lock(s->mutex);
    const auto found = s->files.find(q.file.value);
    if (found == s->files.end()) return Result<contract::StoredFile>(Error{Errc::not_found, "no such file"});
    return Result<contract::StoredFile>(found->second);
  });
  hub.serve<contract::LinkFile>([](const contract::LinkFile& q, const Headers&) {
    return Result<contract::FileLink>(contract::FileLink{"https://hub.example.test/f/" + q.file.str(), {}});
  });
}

bool Desk::wait_for(std::size_t count) {
  return state_->wait([&](const State& s) { return s.arrived.size() >= count; });
}

bool Desk::wait_written(std::size_t count) {
  return state_->wait([&](const State& s) { return s.written.size() >= count; });
}

bool Desk::wait_rated(std::size_t count) {
  return state_->wait([&](const State& s) { return s.ratings.size() >= count; });
}

bool Desk::wait_identified(std::size_t count) {
  return state_->wait([&](const State& s) { return s.identified.size() >= count; });
}

bool Desk::wait_read() {
  return state_->wait([](const State& s) { return !s.read.empty(); });
}

std::vector<Desk::Arrived> Desk::arrived() const { return state_->of(&State::arrived); }

std::vector<contract::WriteMessage> Desk::written() const { return state_->of(&State::written); }

std::vector<contract::Rate> Desk::ratings() const { return state_->of(&State::ratings); }

std::vector<contract::Identify> Desk::identified() const { return state_->of(&State::identified); }

std::size_t Desk::handed_over() const { return state_->of(&State::handed_over); }

void Desk::refuse(int times) {
  const std::lock_guard lock(state_->mutex);
  state_->refuse = times;
}

void Desk::refuse_rating(Error error) {
  const std::lock_guard lock(state_->mutex);
  state_->refused_ratings.push_back(std::move(error));
}

contract::Attachment Desk::file(const std::string& name, const std::string& type, const std::string& bytes) {
  return state_->store(name, type, bytes);
}

std::int64_t Desk::write(const std::string& channel, const std::string& user, contract::Content content) {
  contract::MessageOutgoing out;
  out.channel = channel;
  out.user = user;
  {
    const std::lock_guard lock(state_->mutex);
    out.message.conversation = state_->conversation(channel, user);
    out.message.seq = ++state_->seq;
  }
  out.message.id = new_id();
  out.message.author = contract::Author::agent;
  out.message.author_name = "王强";
  out.message.content = std::move(content);
  out.message.at = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const std::int64_t seq = out.message.seq;
  EXPECT_TRUE(hub_.publish(std::move(out)));
  return seq;
}

std::pair<contract::Delivery, std::string> Desk::report(std::int64_t seq, std::size_t count) {
  if (!state_->wait([&](const State& s) {
        const auto found = s.reports.find(seq);
        return found != s.reports.end() && found->second.size() >= count;
      })) {
    return {contract::Delivery::pending, "no report"};
  }
  const std::lock_guard lock(state_->mutex);
  return state_->reports[seq].back();
}

Id Desk::conversation(const std::string& channel, const std::string& user) {
  const std::lock_guard lock(state_->mutex);
  return state_->conversation(channel, user);
}

}  // namespace qiao::channel
