#pragma once

#include <optional>
#include <string>

#include "plugins/bot/text.hpp"
#include "qiao/contract/bot.hpp"

namespace qiao::bot {

/// What a message means because of what was said before it. Everything is found in the turns themselves, so a restart
/// or another node forgets nothing.

/// The question back above two or three choices.
inline constexpr const char* kAskBackZh = "您是想问下面哪一个吗？点一下，或者回复序号；都不是就告诉我。";
inline constexpr const char* kAskBackEn = "Do you mean one of these? Press it or reply with its number, or say none.";

/// What the customer says to the bot's "您是想问…？", or to other choices below its last message.
struct Choice {
  bool none = false;  ///< 都不是
  std::string value;  ///< what pressing the button says; empty when the text is no answer to the question
};
/// Nothing when the bot did not just ask.
[[nodiscard]] std::optional<Choice> choice_in(const contract::AskBot& ask, const Plain& text);

/// True when the text leans on what was said before: 那个呢, 它多少钱, "and how long does that take".
[[nodiscard]] bool leans_on_before(const Plain& text);
/// The text without what leans: "那换货呢" → "换货"; may be empty.
[[nodiscard]] std::string without_leaning(const Plain& text);

/// What the customer wrote about before this message, newest first, up to `most`; greetings and thanks are left out.
[[nodiscard]] std::vector<std::string> asked_before(const contract::AskBot& ask, std::size_t most);

/// What the bot said last; null when it has not spoken.
[[nodiscard]] const contract::Turn* last_of_bot(const contract::AskBot& ask);
/// How often the bot has said this text in the turns before.
[[nodiscard]] int times_said(const contract::AskBot& ask, const std::string& text);

/// A customer's thumb below an answer, by button or typed.
enum class Thumb : std::uint8_t { none, up, down };
[[nodiscard]] Thumb thumb_in(const std::string& text);

/// Words that need no knowledge: hello, thanks, goodbye, ok. Nothing when the text says more.
[[nodiscard]] std::optional<std::string> small_talk(const Plain& text, bool chinese);

}  // namespace qiao::bot
