#include "connectors/platform/session.hpp"

namespace qiao::platform {

SessionKeeper::SessionKeeper(const Clock& clock, Login login) : clock_(clock), login_(std::move(login)) {}

Result<Grant> SessionKeeper::get() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (refused_) return *refused_;
    if (session_ && (session_->life.count() == 0 || clock_.steady() < renew_at_)) return *session_;
    if (!logging_in_) break;
    done_.wait(lock);
  }
  logging_in_ = true;
  lock.unlock();
  Result<Grant> fresh = login_();
  lock.lock();
  logging_in_ = false;
  if (fresh) {
    session_ = *fresh;
    renew_at_ = clock_.steady() + fresh->life * 9 / 10;
  } else {
    session_.reset();
    Error error = fresh.error();
    if (error.code == Errc::unauthorized) {
      refused_ = error;
    } else if (error.code == Errc::forbidden || error.code == Errc::bad_value || error.code == Errc::not_found) {
      // Without a session nothing can be said about what was asked; it is the system that is not there.
      error.code = Errc::unavailable;
    }
    fresh = error;
  }
  done_.notify_all();
  return fresh;
}

void SessionKeeper::lost(const Grant& session) {
  const std::lock_guard lock(mutex_);
  if (session_ && session_->token == session.token) session_.reset();
}

void SessionKeeper::forgive() {
  const std::lock_guard lock(mutex_);
  refused_.reset();
}

}  // namespace qiao::platform
