#include "core/gateway/gateway.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "core/gateway/front.hpp"
#include "core/gateway/http_connection.hpp"
#include "core/gateway/instance_door.hpp"
#include "core/gateway/listener.hpp"

namespace qiao::core {
namespace {

/// How many descriptors this process may have, after asking for all that it may ask for.
unsigned raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<unsigned>(std::min<rlim_t>(limit.rlim_cur, 1u << 20));
}

/// A new connection on its way to its thread; closed when it never arrives there.
struct Accepted {
  Accepted(int f, std::unique_ptr<ConnectionSlot> s) : fd(f), slot(std::move(s)) {}
  Accepted(const Accepted&) = delete;
  Accepted& operator=(const Accepted&) = delete;
  ~Accepted() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
  std::unique_ptr<ConnectionSlot> slot;
};

}  // namespace

class Gateway::Impl final : public RoutePublisher {
 public:
  Impl(GatewayOptions options, GatewayServices services);
  ~Impl() override { stop(std::chrono::milliseconds(0)); }

  Result<void> start();
  void stop(std::chrono::milliseconds wait);
  std::vector<BoundSocket> bound() const {
    std::lock_guard lock(mutex_);
    return bound_;
  }
  std::size_t open() const;
  std::string openapi() const;

  Result<void> publish(const std::shared_ptr<Registration>& gone, const std::shared_ptr<Registration>& fresh) override;
  bool let_go(const std::shared_ptr<Gate>& gate, std::chrono::steady_clock::time_point deadline) override;
  Metrics& metrics() override { return front_->services.metrics; }

 private:
  Result<void> add_networks(const std::vector<std::string>& texts, Networks& out, std::string_view what);
  Result<void> bind_all();
  void accept_on(std::size_t listener, int fd, const Address& peer);

  std::shared_ptr<Front> front_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::shared_ptr<TlsContext>> tls_;  ///< of each listener; null: plain
  std::atomic<std::size_t> next_worker_{0};
  std::shared_ptr<Registration> own_;

  mutable std::mutex mutex_;  // guards what follows; taken before an I/O thread's
  std::vector<BoundSocket> bound_;
  std::vector<std::shared_ptr<Registration>> active_;
  mutable std::shared_ptr<const std::string> openapi_;
  bool started_ = false;
  bool stopped_ = false;
};

Gateway::Impl::Impl(GatewayOptions options, GatewayServices services) {
  Networks exempt;
  for (const std::string& text : options.unlimited) exempt.add(text);
  front_ = std::make_shared<Front>(std::move(options), std::move(services), std::move(exempt));
  const unsigned count = std::max(1u, front_->options.threads);
  for (unsigned i = 0; i < count; ++i) {
    auto worker = std::make_unique<Worker>();
    worker->io = std::make_shared<IoThread>(
        IoThread::Options{fmt::format("qiao-io-{}", i), front_->options.tick, front_->services.on_thread_start},
        front_->services.log);
    workers_.push_back(std::move(worker));
  }
  own_ = std::make_shared<Registration>();
  own_->instance = "hub";
  auto document = std::make_shared<Endpoint>();
  document->gate = own_->gate;
  document->instance = own_->instance;
  document->route = {.method = "GET",
                     .path = "/api/openapi.json",
                     .access = Access::anyone(),
                     .summary = "This document",
                     .run = Run::direct};
  document->handler = [this](const std::shared_ptr<const HttpRequest>&, const HttpReply& reply) {
    reply({.body = openapi(), .headers = {{"Cache-Control", "no-cache"}}});
  };
  document->description = describe_raw(document->route, own_->instance);
  own_->endpoints.push_back(std::move(document));
  static_cast<void>(publish(nullptr, own_));  // cannot collide: it is the first
}

Result<void> Gateway::Impl::add_networks(const std::vector<std::string>& texts, Networks& out, std::string_view what) {
  for (const std::string& text : texts) {
    if (!out.add(text)) {
      return Error{
          Errc::bad_value, "http.bad_option",
          fmt::format("{}: \"{}\" is not a network; expected an address or ADDRESS/BITS, for example 10.0.0.0/8", what,
                      text)};
    }
  }
  return {};
}

Result<void> Gateway::Impl::bind_all() {
  const GatewayOptions& options = front_->options;
  std::shared_ptr<TlsContext> context;
  if (!options.listen_tls.empty()) {
    auto made = make_tls_context(options.certificate, options.private_key);
    if (!made) return made.error();
    context = std::move(*made);
  }
  const auto bind = [&](const std::string& address, std::shared_ptr<TlsContext> tls) -> Result<void> {
    auto socket = bind_listener(address);
    if (!socket) return socket.error();
    bound_.push_back(std::move(*socket));
    tls_.push_back(std::move(tls));
    return {};
  };
  for (const std::string& address : options.listen) {
    if (auto done = bind(address, nullptr); !done) return done;
  }
  for (const std::string& address : options.listen_tls) {
    if (auto done = bind(address, context); !done) return done;
  }
  return {};
}

Result<void> Gateway::Impl::start() {
  Networks unused;
  if (auto done = add_networks(front_->options.trusted_proxies, front_->trusted, "trusted_proxies"); !done) return done;
  if (auto done = add_networks(front_->options.unlimited, unused, "unlimited"); !done) return done;
  const unsigned descriptors = raise_descriptor_limit();
  front_->max_connections = front_->options.max_connections > 0 ? front_->options.max_connections
                                                                : descriptors - std::min(descriptors / 4, 512u);
  {
    std::lock_guard lock(mutex_);
    if (auto done = bind_all(); !done) {
      for (const BoundSocket& socket : bound_) ::close(socket.fd);
      bound_.clear();
      tls_.clear();
      return done;
    }
    started_ = true;
  }
  for (auto& worker : workers_) worker->io->start();
  const auto sockets = bound();
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    workers_[0]->io->post([this, i, fd = sockets[i].fd] {
      std::make_shared<Listener>(workers_[0]->io, fd, [this, i](int client, const Address& peer) {
        accept_on(i, client, peer);
      })->start();
    });
    front_->services.log.info("listening on {}{}", tls_[i] ? "https://" : "http://", sockets[i].address);
  }
  return {};
}

void Gateway::Impl::accept_on(std::size_t listener, int fd, const Address& peer) {
  auto slot = ConnectionSlot::take(*front_, peer);
  if (!slot) {
    ::close(fd);
    return;
  }
  Worker& worker = *workers_[next_worker_.fetch_add(1, std::memory_order_relaxed) % workers_.size()];
  auto accepted = std::make_shared<Accepted>(fd, std::move(slot));
  const auto open = [this, &worker, accepted, peer, tls = tls_[listener]] {
    const int socket = std::exchange(accepted->fd, -1);
    auto stream = tls ? tls->accept(*worker.io, socket) : make_plain_stream(*worker.io, socket);
    std::make_shared<HttpConnection>(*front_, worker, std::move(stream), std::move(accepted->slot), peer)->start();
  };
  if (worker.io->on_this_thread()) {
    open();
  } else {
    worker.io->post(open);
  }
}

void Gateway::Impl::stop(std::chrono::milliseconds wait) {
  {
    std::lock_guard lock(mutex_);
    if (!started_ || stopped_) return;
    stopped_ = true;
  }
  const auto deadline = std::chrono::steady_clock::now() + wait;
  front_->stopping.store(true);
  for (auto& worker : workers_) {
    worker->io->run_and_wait(
        [io = worker->io.get()] {
          for (const auto& connection : io->connections()) connection->on_shutdown();
        },
        deadline);
  }
  while (open() > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  if (open() > 0) front_->services.log.warn("{} connections did not finish in time and are cut", open());
  for (auto& worker : workers_) worker->io->stop();
}

std::size_t Gateway::Impl::open() const {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->io->open();
  return sum;
}

Result<void> Gateway::Impl::publish(const std::shared_ptr<Registration>& gone,
                                    const std::shared_ptr<Registration>& fresh) {
  std::lock_guard lock(mutex_);
  auto next = active_;
  const auto place = std::find(next.begin(), next.end(), gone);
  if (place != next.end() && fresh) {
    *place = fresh;
  } else if (place != next.end()) {
    next.erase(place);
  } else if (fresh) {
    next.push_back(fresh);
  }
  auto table = RouteTable::build(next);
  if (!table) return table.error();
  active_ = std::move(next);
  openapi_.reset();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (auto& worker : workers_) {
    worker->io->run_and_wait([w = worker.get(), t = *table] { w->table = t; }, deadline);
  }
  return {};
}

bool Gateway::Impl::let_go(const std::shared_ptr<Gate>& gate, std::chrono::steady_clock::time_point deadline) {
  gate->shut();
  bool all = true;
  for (auto& worker : workers_) {
    all = worker->io->run_and_wait(
              [io = worker->io.get(), gate] {
                for (const auto& connection : io->connections()) connection->on_revoked(gate.get());
              },
              deadline) &&
          all;
  }
  return gate->wait_empty(deadline) && all;
}

std::string Gateway::Impl::openapi() const {
  std::vector<std::shared_ptr<Registration>> active;
  {
    std::lock_guard lock(mutex_);
    if (openapi_) return *openapi_;
    active = active_;
  }
  auto document = std::make_shared<const std::string>(openapi_document(active));
  std::lock_guard lock(mutex_);
  if (active == active_) openapi_ = document;
  return *document;
}

Gateway::Gateway(GatewayOptions options, GatewayServices services)
    : impl_(std::make_shared<Impl>(std::move(options), std::move(services))) {}
Gateway::~Gateway() { stop(std::chrono::milliseconds(0)); }
Result<void> Gateway::start() { return impl_->start(); }
void Gateway::stop(std::chrono::milliseconds wait) { impl_->stop(wait); }
std::size_t Gateway::open_connections() const { return impl_->open(); }
std::string Gateway::openapi() const { return impl_->openapi(); }

std::vector<std::string> Gateway::addresses() const {
  std::vector<std::string> all;
  for (const BoundSocket& socket : impl_->bound()) all.push_back(socket.address);
  return all;
}

std::uint16_t Gateway::port(std::size_t listener) const {
  const auto sockets = impl_->bound();
  return listener < sockets.size() ? sockets[listener].port : std::uint16_t{0};
}

std::unique_ptr<InstanceHttp> Gateway::attach(const std::string& instance) {
  return std::make_unique<InstanceDoor>(impl_, instance);
}

Result<void> Gateway::replace(InstanceHttp& old, InstanceHttp& fresh) {
  return static_cast<InstanceDoor&>(fresh).take_over(static_cast<InstanceDoor&>(old));
}

}  // namespace qiao::core
