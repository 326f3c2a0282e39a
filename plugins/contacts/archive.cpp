#include "plugins/contacts/archive.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "plugins/contacts/crm.hpp"
#include "qiao/markup.hpp"

namespace qiao::contacts {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{border:1px solid #d4dae2;padding:.25rem .5rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#f3f5f8;font-weight:600}";

std::string title_of(const std::string& part, bool zh) {
  static const std::map<std::string, std::pair<const char*, const char*>> titles = {
      {"contact", {"个人资料", "Personal data"}},
      {"conversations", {"会话与消息", "Conversations and messages"}},
      {"tickets", {"工单", "Tickets"}},
      {"uploads", {"上传的文件", "Uploads"}},
      {"crm", {"客户系统", "Customer systems"}},
      {"merges", {"合并记录", "Joined records"}},
      {"questions", {"问过机器人的问题", "Questions to the bot"}},
      {"undelivered", {"未处理的消息", "Unprocessed messages"}}};
  const auto found = titles.find(part);
  if (found == titles.end()) return part;
  return zh ? found->second.first : found->second.second;
}

bool empty(const json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         (value.is_structured() && value.empty());
}

void show(std::string& out, const json& value, int depth);

void show_row(std::string& out, const std::string& name, const json& value, int depth) {
  if (empty(value)) return;
  out += "<tr><th>";
  out += escape_markup(name);
  out += "</th><td>";
  show(out, value, depth);
  out += "</td></tr>";
}

/// Objects as two columns, lists one below the other: any part reads well without knowing it.
void show(std::string& out, const json& value, int depth) {
  if (value.is_object() && depth > 0) {
    out += "<table>";
    for (const auto& [name, one] : value.items()) show_row(out, name, one, depth - 1);
    out += "</table>";
  } else if (value.is_array() && depth > 0) {
    for (const json& one : value) {
      out += "<div>";
      show(out, one, depth - 1);
      out += "</div>";
    }
  } else if (value.is_string()) {
    out += escape_markup(value.get_ref<const std::string&>());
  } else {
    out += escape_markup(value.dump());
  }
}

Result<void> write_file(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) return Error{Errc::unavailable, "archive.not_written", fmt::format("cannot write {}", path.string())};
  std::error_code failed;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, failed);
  return {};
}

}  // namespace

std::int64_t entries_of(const contract::ExportPart& part) {
  const json value = json::parse(part.json, nullptr, false);
  if (!value.is_array()) return 1;
  return static_cast<std::int64_t>(value.size());
}

std::string readable_page(const std::vector<contract::ExportPart>& parts,
                          const std::map<std::string, std::string>& files, const std::string& name,
                          std::string_view language, Time at) {
  const bool zh = chinese(language);
  std::string out = fmt::format(
      "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{}</title><style>{}</style></head><body><h1>",
      zh ? "zh-CN" : "en", zh ? "个人数据副本" : "A copy of your data", kStyle);
  out += escape_markup(fmt::format("{} · {}", zh ? "个人数据副本" : "A copy of your data", name));
  out += fmt::format("</h1><p>{} {}</p>", zh ? "生成时间（UTC）：" : "Made at (UTC):", to_iso8601(at));
  for (const contract::ExportPart& part : parts) {
    out += "<h2>";
    out += escape_markup(title_of(part.name, zh));
    out += "</h2>";
    const json value = json::parse(part.json, nullptr, false);
    show(out, value.is_discarded() ? json(part.json) : value, 8);
  }
  if (!files.empty()) {
    out += fmt::format("<h2>{}</h2><ul>", zh ? "文件" : "Files");
    for (const auto& [id, file] : files) {
      out += "<li><a href=\"files/";
      out += escape_markup(file);
      out += "\">";
      out += escape_markup(file);
      out += "</a></li>";
    }
    out += "</ul>";
  }
  return out + "</body></html>\n";
}

Result<Archive> Archive::begin(const fs::path& folder) {
  const auto bad = [&](const char* what) {
    return Error{Errc::bad_value, "archive.bad_folder", fmt::format("{}: {}", folder.string(), what)};
  };
  if (!folder.is_absolute()) return bad("an absolute path is needed");
  std::error_code failed;
  if (fs::exists(folder, failed) && !fs::is_empty(folder, failed)) return bad("something is in this folder already");
  fs::create_directories(folder / "files", failed);
  if (failed) return bad("the hub cannot make this folder");
  for (const fs::path& one : {folder, folder / "files"}) fs::permissions(one, fs::perms::owner_all, failed);
  if (failed) return bad("the hub cannot keep others out of this folder");
  return Archive(folder);
}

Result<void> Archive::write(const std::vector<contract::ExportPart>& parts,
                            const std::map<std::string, std::string>& files, const std::string& name,
                            std::string_view language, Time at) const {
  for (const contract::ExportPart& part : parts) {
    const json value = json::parse(part.json, nullptr, false);
    const std::string text = value.is_discarded() ? part.json : value.dump(2);
    if (auto done = write_file(folder_ / (part.name + ".json"), text + "\n"); !done) return done;
  }
  return write_file(folder_ / "index.html", readable_page(parts, files, name, language, at));
}

}  // namespace qiao::contacts
