#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/contacts/book.hpp"
#include "qiao/fields.hpp"

namespace qiao::contacts {

/// Which contacts belong to a segment: everything that is given must fit.
struct SegmentFilter {
  std::string tag;
  std::string tier;
  std::string company;   ///< its name
  std::string language;  ///< the beginning of the tag: zh fits zh-CN
  std::string attribute;
  std::string value;                  ///< of the attribute; empty: it is enough that there is one
  std::int32_t seen_within_days = 0;  ///< 0: not asked
  std::int32_t not_seen_for_days = 0;
  std::optional<bool> blocked;
};
QIAO_FIELDS(SegmentFilter, tag, tier, company, language, attribute, value, seen_within_days, not_seen_for_days, blocked)

struct SegmentView {
  Id id;
  std::string name;
  SegmentFilter filter;
  std::int64_t count = 0;
};
QIAO_FIELDS(SegmentView, id, name, filter, count)

struct CompanyView {
  Id id;
  std::string name;
  std::string phone;
  std::string note;
  std::int64_t contacts = 0;
};
QIAO_FIELDS(CompanyView, id, name, phone, note, contacts)

struct TagView {
  std::string tag;
  std::int64_t contacts = 0;
};
QIAO_FIELDS(TagView, tag, contacts)

/// Contacts as many: lists, searches, companies, segments, tags. Functions run inside Database::read, those that change
/// something inside Database::write.
class Catalogue {
 public:
  Catalogue(const Book& book, const Clock& clock) : book_(book), clock_(clock) {}

  /// Roots, newest first, with ids below `after` (none: from the newest).
  [[nodiscard]] Result<std::vector<Id>> search(Session& session, const std::string& words, Id after, int limit) const;
  [[nodiscard]] Result<std::vector<Id>> in_segment(Session& session, const SegmentFilter& filter, Id after,
                                                   int limit) const;
  [[nodiscard]] Result<std::int64_t> count(Session& session, const SegmentFilter& filter) const;

  [[nodiscard]] Result<std::vector<CompanyView>> companies(Session& session, const std::string& search) const;
  [[nodiscard]] Result<CompanyView> company(Session& session, Id id) const;
  /// With an id of one that is there it changes it.
  [[nodiscard]] Result<void> put_company(Session& session, const CompanyView& company, bool fresh) const;
  [[nodiscard]] Result<std::vector<SegmentView>> segments(Session& session) const;
  [[nodiscard]] Result<SegmentView> segment(Session& session, Id id) const;
  [[nodiscard]] Result<void> put_segment(Session& session, const SegmentView& segment, bool fresh) const;
  [[nodiscard]] Result<bool> remove_segment(Session& session, Id id) const;
  [[nodiscard]] Result<std::vector<TagView>> tags(Session& session) const;

 private:
  struct Where;
  [[nodiscard]] Result<std::vector<Id>> by_name(Session& session, const std::string& words, Id after, int limit) const;
  [[nodiscard]] Where where(const SegmentFilter& filter) const;

  const Book& book_;
  const Clock& clock_;
};

/// `segment.bad_value` when a filter asks for nothing or for what cannot be.
[[nodiscard]] Result<void> check(const SegmentFilter& filter);

}  // namespace qiao::contacts
