#include "plugins/web/media_type.hpp"

#include <gtest/gtest.h>

namespace qiao::web {
namespace {

using namespace std::string_literals;

TEST(MediaType, IsFoundByContentAndNotByTheName) {
  EXPECT_EQ(media_type_of("\xFF\xD8\xFF\xE0 rest"s, "a.txt"), "image/jpeg");
  EXPECT_EQ(media_type_of("\x89PNG\r\n\x1A\n rest"s, "a.exe"), "image/png");
  EXPECT_EQ(media_type_of("%PDF-1.7", "a"), "application/pdf");
  EXPECT_EQ(media_type_of("RIFF\1\2\3\4WEBPVP8 "s, "a"), "image/webp");
  EXPECT_EQ(media_type_of("您好", "说明.txt"), "text/plain");
  EXPECT_EQ(media_type_of("a,b\n1,2\n", "list.CSV"), "text/csv");
  EXPECT_EQ(media_type_of("PK\x03\x04..."s, "报价.xlsx"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
}

TEST(MediaType, WhatABrowserOrAShellWouldRunIsRefused) {
  for (const std::string& bytes : {"<!DOCTYPE html><p>"s, "  <html>"s, "<svg onload=x>"s, "<?xml version='1.0'?>"s,
                                   "x<script>"s, "#!/bin/sh\n"s, "\x7F"s + "ELF\2\1"s, "MZ\x90\0\3"s, ""s, "a\0b"s}) {
    EXPECT_EQ(media_type_of(bytes, "photo.jpg"), "") << bytes;
  }
}

TEST(Metadata, LeavesAJpegWithoutItsExif) {
  const std::string start = "\xFF\xD8"s;
  const std::string jfif =
      "\xFF\xE0\x00\x04"
      "AB"s;
  const std::string exif =
      "\xFF\xE1\x00\x06"
      "GPS!"s;
  const std::string picture = "\xFF\xDA\x00\x02 picture data \xFF\xD9"s;
  EXPECT_EQ(without_metadata(start + jfif + exif + picture, "image/jpeg"), start + jfif + picture);
}

TEST(Metadata, LeavesAPngWithoutItsTexts) {
  const std::string head = "\x89PNG\r\n\x1A\n"s;
  const std::string data = "\0\0\0\2IDATxxCRC_"s;
  const std::string text = "\0\0\0\5tEXthelloCRC_"s;
  const std::string end = "\0\0\0\0IENDCRC_"s;
  EXPECT_EQ(without_metadata(head + text + data + end, "image/png"), head + data + end);
}

TEST(Metadata, DamagedPicturesComeBackAsTheyAre) {
  for (const std::string& bytes : {"\xFF\xD8\xFF\xE1\xFF\xFFshort"s, "\xFF\xD8\xFF"s, "\xFF\xD8"s}) {
    EXPECT_EQ(without_metadata(bytes, "image/jpeg"), bytes);
  }
  const std::string png = "\x89PNG\r\n\x1A\n\xFF\xFF\xFF\xFFtEXt1234"s;
  EXPECT_EQ(without_metadata(png, "image/png"), png);
}

TEST(FileName, LosesPathsControlCharactersAndBadBytes) {
  EXPECT_EQ(safe_file_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(safe_file_name("C:\\fakepath\\照片.jpg"), "照片.jpg");
  EXPECT_EQ(safe_file_name("a\r\n\"b\xFF.txt"), "ab.txt");
  EXPECT_EQ(safe_file_name(""), "file");
  EXPECT_LE(safe_file_name(std::string(300, 'x')).size(), 200u);
}

}  // namespace
}  // namespace qiao::web
