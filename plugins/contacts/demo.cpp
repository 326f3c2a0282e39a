#include "plugins/contacts/demo.hpp"

#include "plugins/contacts/transfer.hpp"

namespace qiao::contacts {
namespace {

constexpr std::string_view kCustomers =
    "name,phone,email,company,tier,language,tags,note,attr:preferences,attr:肤质\n"
    "林小满,13800138000,lin@example.com,,金卡,zh-CN,vip|老客,对花生过敏,只要哑光色号；下午送货,干性\n"
    "周文,13900139000,zhou@example.com,周记烘焙,银卡,zh-CN,团购,每月订一次面粉,开增值税专用发票,\n"
    "Chen Li,13700137000,chen@example.com,,,en,,,English please,\n"
    "赵敏,13600136000,,,金卡,zh-CN,vip,,放在门卫处,\n";

}  // namespace

Result<void> add_demo_contacts(Database& store, Bus& bus, const Clock& clock, const Book& book,
                               const Catalogue& catalogue) {
  auto report = import_contacts(store, bus, clock, book, kCustomers, {});
  if (!report) return report.error();
  SegmentFilter vip;
  vip.tag = "vip";
  SegmentFilter quiet;
  quiet.not_seen_for_days = 30;
  return store.write_and_wait([&](Session& session) -> Result<void> {
    for (const auto& [name, filter] : {std::pair{"VIP", &vip}, std::pair{"30 天未联系", &quiet}}) {
      if (auto done = catalogue.put_segment(session, {new_id(), name, *filter, 0}, true); !done) return done;
    }
    return {};
  });
}

}  // namespace qiao::contacts
