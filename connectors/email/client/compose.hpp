#pragma once

#include <string>
#include <vector>

#include "connectors/email/client/header.hpp"
#include "connectors/email/client/mail.hpp"

namespace qiao::email {

struct Draft {
  Address from;
  Address to;
  std::string reply_to;  ///< "" for none
  std::string subject;
  std::string id;  ///< Message-ID, without brackets
  std::string in_reply_to;
  std::vector<std::string> references;  ///< oldest first
  Time at;
  std::string text;
  std::string signature;
  std::vector<MailFile> files;
  bool automatic = false;  ///< written by the bot or the hub itself
};

/// The mail as it goes over the wire, with CRLF: text and a simple HTML form of it, then the files.
std::string compose(const Draft& draft);

/// What an answer to a mail carries. References: the parent's and the parent; a long list keeps its first and its last
/// ten. A parent without References whose In-Reply-To has exactly one id counts as having that.
struct ThreadHeaders {
  std::string in_reply_to;
  std::vector<std::string> references;
};
ThreadHeaders answer_to(const std::string& parent_id, std::vector<std::string> parent_references,
                        const std::vector<std::string>& parent_in_reply_to);

/// Text as HTML: escaped, addresses as links, paragraphs and breaks.
std::string html_of(const std::string& text, const std::string& signature);

/// "Re: " and the subject, once.
std::string reply_subject(std::string_view subject);

}  // namespace qiao::email
