// c++ -std=c++17 stock.cpp -lcurl -o stock && QIAO_HUB=https://hub.example.org QIAO_KEY=qk_… ./stock A-100 B-200
#include <cstdlib>
#include <iostream>

#include "qiao_partner.hpp"

int main(int argc, char** argv) {
  const char* hub = std::getenv("QIAO_HUB");
  const char* key = std::getenv("QIAO_KEY");
  if (!hub || !key || argc < 2) {
    std::cerr << "usage: QIAO_HUB=https://… QIAO_KEY=qk_… " << argv[0] << " SKU…\n";
    return 64;
  }
  qiao_partner::Options options;
  options.hub = hub;
  options.key = key;
  qiao_partner::Client client(options);
  try {
    const auto list = client.stock_batch(std::vector<std::string>(argv + 1, argv + argc));
    for (const auto& stock : list.items)
      std::cout << stock.sku << ' ' << stock.available << (stock.stale ? " (old)" : "") << '\n';
    for (const auto& sku : list.unknown) std::cout << sku << " does not exist\n";
    for (const auto& sku : list.unavailable) std::cout << sku << " is not known at the moment\n";
    for (const auto& sku : list.forbidden) std::cout << sku << " is not opened by this key\n";
  } catch (const qiao_partner::Error& error) {
    std::cerr << error.id << ": " << error.what() << '\n';
    return 1;
  }
}
