#include "core/observe/metrics.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace qiao::core {
namespace {

bool is_name(std::string_view text, bool colon) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
    if (!letter && !(i > 0 && c >= '0' && c <= '9')) return false;
  }
  return true;
}

}  // namespace

class MetricsRegistry::InstanceView final : public Metrics {
 public:
  InstanceView(MetricsRegistry& registry, std::string instance) : registry_(registry), instance_(std::move(instance)) {}
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels) override {
    return registry_.counter(name, help, with_instance(labels));
  }
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels) override {
    return registry_.gauge(name, help, with_instance(labels));
  }
  Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels) override {
    return registry_.histogram(name, help, with_instance(labels));
  }

 private:
  [[nodiscard]] Labels with_instance(Labels labels) const {
    labels.insert_or_assign("instance", instance_);
    return labels;
  }
  MetricsRegistry& registry_;
  const std::string instance_;
};

MetricsRegistry::MetricsRegistry() = default;
MetricsRegistry::~MetricsRegistry() = default;

template <class T>
T& MetricsRegistry::find_or_make(MetricsText::Type type, const std::string& name, const std::string& help,
                                 const Labels& labels) {
  if (!is_name(name, true)) throw std::invalid_argument(fmt::format("\"{}\" is not a metric name", name));
  for (const auto& [label, value] : labels) {
    if (!is_name(label, false)) throw std::invalid_argument(fmt::format("{}: \"{}\" is not a label name", name, label));
  }
  const std::lock_guard lock(mutex_);
  auto [family, fresh] = families_.try_emplace(name);
  if (fresh) {
    family->second.help = help;
    family->second.type = type;
  } else if (family->second.type != type) {
    throw std::invalid_argument(fmt::format("metric {} exists already with another type", name));
  }
  Value& value = family->second.values.try_emplace(labels).first->second;
  auto* slot = std::get_if<std::unique_ptr<T>>(&value);
  if (slot == nullptr) slot = &value.emplace<std::unique_ptr<T>>();
  if (!*slot) *slot = std::make_unique<T>();
  return **slot;
}

Counter& MetricsRegistry::counter(const std::string& name, const std::string& help, const Labels& labels) {
  return find_or_make<Counter>(MetricsText::Type::counter, name, help, labels);
}
Gauge& MetricsRegistry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return find_or_make<Gauge>(MetricsText::Type::gauge, name, help, labels);
}
Histogram& MetricsRegistry::histogram(const std::string& name, const std::string& help, const Labels& labels) {
  return find_or_make<Histogram>(MetricsText::Type::histogram, name, help, labels);
}

Metrics& MetricsRegistry::for_instance(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  auto& view = views_[instance];
  if (!view) view = std::make_unique<InstanceView>(*this, instance);
  return *view;
}

void MetricsRegistry::add_collector(Collector collector) {
  const std::lock_guard lock(mutex_);
  collectors_.push_back(std::move(collector));
}

std::string MetricsRegistry::render() const {
  MetricsText text;
  std::vector<Collector> collectors;
  {
    const std::lock_guard lock(mutex_);
    collectors = collectors_;
    for (const auto& [name, family] : families_) {
      for (const auto& [labels, value] : family.values) {
        if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&value)) {
          text.counter(name, family.help, labels, (*counter)->value());
        } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&value)) {
          text.gauge(name, family.help, labels, static_cast<double>((*gauge)->value()));
        } else {
          text.histogram(name, family.help, labels, *std::get<std::unique_ptr<Histogram>>(value));
        }
      }
    }
  }
  for (const Collector& collect : collectors) collect(text);
  return text.str();
}

}  // namespace qiao::core
