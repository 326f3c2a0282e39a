#include "core/bus/thread_role.hpp"

#include <pthread.h>

#include "core/bus/context.hpp"

namespace qiao::core {

ThreadRole thread_role() noexcept { return bus::context().role; }

void set_thread_role(ThreadRole role) noexcept { bus::context().role = role; }

void name_thread(const char* name) noexcept { pthread_setname_np(pthread_self(), name); }

}  // namespace qiao::core
