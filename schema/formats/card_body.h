// The text of a card: Markdown, of which no more is understood than where its first heading and
// its first paragraph are. Internal to schema/formats.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mreg::formats {

struct CardBody {
  std::string title;    // "" if there is no heading
  std::string summary;  // "" if there is no paragraph; its Markdown is kept
};

// Takes time in proportion to the text. Headings and paragraphs in HTML, quotations, lists, tables
// and code do not count, nor does a paragraph that begins with an image.
CardBody ReadCardBody(std::string_view markdown);

// `text` as one line: runs of blanks and control characters become one blank, none at the ends.
std::string OneLine(std::string_view text);

}  // namespace mreg::formats
