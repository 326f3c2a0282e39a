#pragma once

#include <string>
#include <string_view>

namespace qiao::web {

/// The media type by content, never by the name alone; empty for what is not accepted (HTML, SVG, XML, programs,
/// unknown binary). The name only chooses between kinds that share a container (zip: docx, xlsx, pptx).
std::string media_type_of(std::string_view bytes, std::string_view name);

/// JPEG without its EXIF and comment segments, PNG without its text and EXIF chunks (places and people stand there);
/// other types and damaged files come back as they are.
std::string without_metadata(std::string bytes, std::string_view media_type);

/// A name that is safe to show and to put into a header: no path, no control characters, at most 200 bytes of UTF-8.
std::string safe_file_name(std::string_view name);

}  // namespace qiao::web
